{{/* How a service proves itself to the brokers, and they to it (shared/src/kafka/security.rs). Each takes (dict "root" $ "part" "order"). */}}

{{- define "mall.kafkaLoginEnv" -}}
{{- $security := .root.Values.kafkaClient.security }}
{{- $credentials := (index .root.Values .part).kafka }}
- {name: KAFKA_SECURITY_PROTOCOL, value: {{ $security.protocol }}}
{{- if hasPrefix "SASL_" $security.protocol }}
{{- $secret := required (printf "%s.kafka.loginSecret is needed with %s" .part $security.protocol) $credentials.loginSecret }}
- {name: KAFKA_SASL_MECHANISM, value: {{ $security.saslMechanism }}}
{{- if eq $security.saslMechanism "OAUTHBEARER" }}
- {name: KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, value: {{ $security.token.endpoint | quote }}}
- name: KAFKA_SASL_OAUTHBEARER_CLIENT_ID
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: client-id}}
- name: KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: client-secret}}
{{- with $security.token.scope }}
- {name: KAFKA_SASL_OAUTHBEARER_SCOPE, value: {{ . | quote }}}
{{- end }}
{{- else }}
- name: KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: username}}
- name: KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: password}}
{{- end }}
{{- end }}
{{- if $security.caSecret }}
- {name: KAFKA_SSL_CA_LOCATION, value: /etc/mall/kafka-ca/ca.pem}
{{- end }}
{{- with $credentials.certificateSecret }}
- {name: KAFKA_SSL_CERTIFICATE_LOCATION, value: /etc/mall/kafka-certificate/tls.crt}
- {name: KAFKA_SSL_KEY_LOCATION, value: /etc/mall/kafka-certificate/tls.key}
- name: KAFKA_SSL_KEY_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ . }}, key: key-password, optional: true}}
{{- end }}
{{- end -}}

{{- define "mall.kafkaMounts" -}}
{{- if .root.Values.kafkaClient.security.caSecret }}
- {name: kafka-ca, mountPath: /etc/mall/kafka-ca, readOnly: true}
{{- end }}
{{- if (index .root.Values .part).kafka.certificateSecret }}
- {name: kafka-certificate, mountPath: /etc/mall/kafka-certificate, readOnly: true}
{{- end }}
{{- end -}}

{{- define "mall.kafkaVolumes" -}}
{{- with .root.Values.kafkaClient.security.caSecret }}
- name: kafka-ca
  secret: {secretName: {{ . }}, items: [{key: ca.pem, path: ca.pem}]}
{{- end }}
{{- with (index .root.Values .part).kafka.certificateSecret }}
- name: kafka-certificate
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]}
{{- end }}
{{- end -}}
