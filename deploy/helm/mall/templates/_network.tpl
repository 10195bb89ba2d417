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

{{- define "mall.toNames" }}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{- define "mall.toKafka" }}
{{- if .Values.kafka.enabled }}
- to:
    {{- include "mall.pods" (dict "root" . "parts" (list "kafka")) | trim | nindent 4 }}
  ports:
    - {protocol: TCP, port: 9092}
{{- else }}
# Brokers outside of the cluster name themselves, so only their ports are known.
- ports:
    {{- range splitList "," .Values.kafkaClient.bootstrapServers }}
    - {protocol: TCP, port: {{ regexFind "[0-9]+$" . }}}
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
- ports:
    - {protocol: TCP, port: {{ regexFind "[0-9]+$" .Values.database.host }}}
{{- end }}
{{- end }}
