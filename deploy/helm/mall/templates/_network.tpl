{{/* Pieces of the network policies: heads, and whom pods may speak to. */}}

{{- define "mall.policyHead" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "mall.name" .root }}-{{ .part }}
  labels:
    {{- include "mall.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "mall.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end }}

{{- /* Pods of other parts of this release: (dict "root" $ "parts" (list "order")) */}}
{{- define "mall.pods" }}
{{- $root := .root }}
{{- range .parts }}
- podSelector:
    matchLabels:
      {{- include "mall.selector" (dict "root" $root "part" .) | nindent 6 }}
{{- end }}
{{- end }}

{{- /* Somebody outside of the release, by the policy's values; without peers or ports it would be everybody or everything:
(dict "root" $ "who" "payment" "when" "paymentSimulator.enabled is false") and, if they are told elsewhere, "ports"; or "protocols" */}}
{{- define "mall.toOutside" }}
{{- $policy := .root.Values.networkPolicy }}
{{- $peers := index $policy (printf "%sPeers" .who) }}
{{- $ports := .ports | default (index $policy (printf "%sPorts" .who)) }}
{{- if not $peers }}
{{- fail (printf "networkPolicy.%sPeers is needed when %s: where is it?" .who .when) }}
{{- end }}
{{- if not $ports }}
{{- fail (printf "networkPolicy.%sPorts is needed when %s" .who .when) }}
{{- end }}
- to:
    {{- toYaml $peers | nindent 4 }}
  ports:
    {{- $protocols := .protocols | default (list "TCP") }}
    {{- range $port := uniq $ports }}
    {{- range $protocols }}
    - {protocol: {{ . }}, port: {{ $port }}}
    {{- end }}
    {{- end }}
{{- end }}

{{- define "mall.toNames" }}
{{- include "mall.toOutside" (dict "root" . "who" "dns" "when" "networkPolicy.enabled is true" "protocols" (list "UDP" "TCP")) }}
{{- end }}

{{- define "mall.toKafka" }}
{{- if .Values.kafka.enabled }}
- to:
    {{- include "mall.pods" (dict "root" . "parts" (list "kafka")) | trim | nindent 4 }}
  ports:
    - {protocol: TCP, port: 9092}
{{- else }}
{{- $ports := list }}
{{- range splitList "," .Values.kafkaClient.bootstrapServers }}
{{- $ports = append $ports (regexFind "[0-9]+$" .) }}
{{- end }}
{{- include "mall.toOutside" (dict "root" . "who" "kafka" "when" "kafka.enabled is false" "ports" $ports) }}
{{- if eq .Values.kafkaClient.security.saslMechanism "OAUTHBEARER" }}
{{- include "mall.toOutside" (dict "root" . "who" "kafkaToken" "when" "kafkaClient.security.saslMechanism is OAUTHBEARER") }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mall.toDatabase" }}
{{- if .Values.mysql.enabled }}
- to:
    {{- include "mall.pods" (dict "root" . "parts" (list "mysql")) | trim | nindent 4 }}
  ports:
    - {protocol: TCP, port: 3306}
{{- else }}
{{- $ports := list (regexFind "[0-9]+$" .Values.database.host) }}
{{- include "mall.toOutside" (dict "root" . "who" "database" "when" "mysql.enabled is false" "ports" $ports) }}
{{- end }}
{{- end }}
