{{/* Names, settings and checks that several templates use. */}}

{{- define "mall.name" -}}
{{- .Release.Name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels that select a part's pods: (dict "root" $ "part" "order") */}}
{{- define "mall.selector" -}}
app.kubernetes.io/name: mall
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "mall.labels" -}}
{{ include "mall.selector" . }}
app.kubernetes.io/part-of: mall
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* Of pods: nothing that changes with the chart's version, which would restart database and brokers for nothing. */}}
{{- define "mall.podLabels" -}}
{{ include "mall.selector" . }}
app.kubernetes.io/part-of: mall
{{- end -}}

{{/* (dict "root" $ "name" "order-service") */}}
{{- define "mall.image" -}}
{{- printf "%s%s:%s" .root.Values.images.prefix .name (.root.Values.images.tag | default .root.Chart.AppVersion) | quote -}}
{{- end -}}

{{- define "mall.secretName" -}}
{{- .Values.secret.existing | default (printf "%s-secret" (include "mall.name" .)) -}}
{{- end -}}

{{- define "mall.databaseHost" -}}
{{- if .Values.mysql.enabled -}}
{{- printf "%s-mysql:3306" (include "mall.name" .) -}}
{{- else -}}
{{- required "database.host is needed when mysql.enabled is false" .Values.database.host -}}
{{- end -}}
{{- end -}}

{{- define "mall.kafkaServers" -}}
{{- if .Values.kafka.enabled -}}
{{- printf "%s-kafka:9092" (include "mall.name" .) -}}
{{- else -}}
{{- required "kafkaClient.bootstrapServers is needed when kafka.enabled is false" .Values.kafkaClient.bootstrapServers -}}
{{- end -}}
{{- end -}}

{{- define "mall.replicationFactor" -}}
{{- if .Values.kafkaClient.replicationFactor -}}
{{- .Values.kafkaClient.replicationFactor -}}
{{- else if .Values.kafka.enabled -}}
{{- .Values.kafka.replicas -}}
{{- else -}}
-1
{{- end -}}
{{- end -}}

{{- define "mall.paymentUrl" -}}
{{- if .Values.paymentSimulator.enabled -}}
{{- printf "http://%s-payment:7010" (include "mall.name" .) -}}
{{- else -}}
{{- required "payment.url is needed when paymentSimulator.enabled is false" .Values.payment.url -}}
{{- end -}}
{{- end -}}

{{/* A pod that ends: it serves on for a while, finishes what is in hand, both in its grace, and leaves its group. */}}
{{- define "mall.terminationSeconds" -}}
{{- add .Values.shutdown.graceSeconds 10 -}}
{{- end -}}

{{- define "mall.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "mall.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Never restarted for a peer that is away: /livez does not ask peers. */}}
{{- define "mall.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

{{/* Pods of one part on different nodes, as far as there are any: (dict "root" $ "part" "order") */}}
{{- define "mall.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "mall.selector" . | nindent 8 }}
    # Each update by itself: if the pods that it replaces counted, the new ones could end up on one node.
    matchLabelKeys: [pod-template-hash]
{{- end -}}

{{/* What both services are told about Kafka, time and logs. */}}
{{- define "mall.commonEnv" -}}
- {name: TZ, value: {{ .Values.timeZone | quote }}}
- {name: RUST_LOG, value: {{ .Values.logLevel | quote }}}
- {name: SHUTDOWN_DELAY_SECONDS, value: {{ .Values.shutdown.delaySeconds | quote }}}
- {name: SHUTDOWN_GRACE_SECONDS, value: {{ .Values.shutdown.graceSeconds | quote }}}
- {name: KAFKA_BOOTSTRAP_SERVERS, value: {{ include "mall.kafkaServers" . | quote }}}
- {name: KAFKA_REPLICATION_FACTOR, value: {{ include "mall.replicationFactor" . | quote }}}
- {name: KAFKA_SESSION_TIMEOUT_MS, value: {{ .Values.kafkaClient.sessionTimeoutMs | quote }}}
- {name: ORDERS_PARTITIONS, value: {{ .Values.kafkaClient.ordersPartitions | quote }}}
- {name: COMPOSITE_PARTITIONS, value: {{ .Values.kafkaClient.compositePartitions | quote }}}
{{- end -}}

{{/* Ports that the pod shows, and what they demand: of composites that read, and of operators. (dict "root" $ "http" 8077 "internal" 8078) */}}
{{- define "mall.portsEnv" -}}
- {name: HTTP_ADDR, value: "0.0.0.0:{{ .http }}"}
- {name: INTERNAL_ADDR, value: "0.0.0.0:{{ .internal }}"}
- name: SERVICE_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" .root }}, key: service-token}}
- name: OPERATOR_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" .root }}, key: operator-token}}
{{- end -}}

{{/* For commands of a program that serve nobody, whatever the image says. */}}
{{- define "mall.noPortsEnv" -}}
- {name: HTTP_ADDR, value: "127.0.0.1:8077"}
- {name: INTERNAL_ADDR, value: "127.0.0.1:8078"}
{{- end -}}

{{- /* Who changes tables and catalogue, where the secret names somebody else than the account that the service runs with. */}}
{{- define "mall.migrationEnv" -}}
- name: DB_MIGRATION_USERNAME
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" . }}, key: migration-username, optional: true}}
- name: DB_MIGRATION_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" . }}, key: migration-password, optional: true}}
{{- end }}

{{- define "mall.orderEnv" -}}
{{ include "mall.commonEnv" . }}
- name: DB_HOST
  valueFrom: {configMapKeyRef: {name: {{ include "mall.name" . }}-order, key: db_host}}
- name: DB_NAME
  valueFrom: {configMapKeyRef: {name: {{ include "mall.name" . }}-order, key: db_name}}
- name: DB_USERNAME
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" . }}, key: username}}
- name: DB_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" . }}, key: password}}
- {name: DB_POOL_SIZE, value: {{ .Values.order.poolSize | quote }}}
- {name: DB_SSL_MODE, value: {{ .Values.database.ssl.mode | quote }}}
{{- if .Values.database.ssl.caSecret }}
- {name: DB_SSL_CA, value: /etc/mall/database-ca/ca.pem}
{{- end }}
- {name: UNPAID_MINUTES, value: {{ .Values.order.unpaidMinutes | quote }}}
{{- range $name, $value := .Values.order.env }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{/* The order service's volumes, and where they are mounted: only the database's authority. */}}
{{- define "mall.orderMounts" -}}
{{- if .Values.database.ssl.caSecret }}
- {name: database-ca, mountPath: /etc/mall/database-ca, readOnly: true}
{{- end }}
{{- end -}}

{{- define "mall.orderVolumes" -}}
{{- if .Values.database.ssl.caSecret }}
- name: database-ca
  secret: {secretName: {{ .Values.database.ssl.caSecret }}}
{{- end }}
{{- end -}}

{{/* An instance without a partition does nothing. (dict "root" $ "part" "order" "partitions" 8) */}}
{{- define "mall.checkPartitions" -}}
{{- $values := index .root.Values .part -}}
{{- $most := ternary $values.autoscaling.maxReplicas $values.replicas $values.autoscaling.enabled | int -}}
{{- if gt (add1 $most | int) (int .partitions) -}}
{{- fail (printf "%s: %d instances and one more during an update need as many partitions, and there are %d" .part $most (int .partitions)) -}}
{{- end -}}
{{- end -}}

{{/* A claim's storage class: (dict "class" "…") */}}
{{- define "mall.storageClass" -}}
{{- if .class }}
storageClassName: {{ .class }}
{{- end }}
{{- end -}}
