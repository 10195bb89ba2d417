{{/* How members prove who they are (composite_service/src/config/authentication.rs). Only what the mode asks for is told. */}}
{{- define "mall.doorEnv" -}}
{{- $auth := .Values.memberAuth -}}
- {name: MEMBER_AUTH, value: {{ $auth.mode }}}
{{- if ne $auth.mode "open" }}
- name: ORDER_TOKEN_SECRET
  valueFrom: {secretKeyRef: {name: {{ include "mall.secretName" . }}, key: order-token-secret}}
{{- end }}
{{- if eq $auth.mode "proxy" }}
- name: PROXY_SECRET
  valueFrom: {secretKeyRef: {name: {{ required "memberAuth.proxySecret is needed with mode proxy" $auth.proxySecret }}, key: proxy-secret}}
{{- end }}
{{- if eq $auth.mode "jwt" }}
- {name: OIDC_ISSUER, value: {{ required "memberAuth.oidc.issuer is needed with mode jwt" $auth.oidc.issuer | quote }}}
- {name: OIDC_AUDIENCE, value: {{ required "memberAuth.oidc.audience is needed with mode jwt" $auth.oidc.audience | quote }}}
{{- with $auth.oidc.jwksUrl }}
- {name: OIDC_JWKS_URL, value: {{ . | quote }}}
{{- end }}
{{- with $auth.oidc.proxyUrl }}
- {name: OIDC_PROXY_URL, value: {{ . | quote }}}
{{- end }}
- {name: OIDC_MEMBER_CLAIM, value: {{ $auth.oidc.memberClaim | quote }}}
{{- with $auth.oidc.supportScope }}
- {name: SUPPORT_SCOPE, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* What must not come from outside: whoever sends it could say that they are somebody else. */}}
{{- define "mall.droppedHeaders" -}}
proxy_set_header X-Member-Id "";
proxy_set_header X-Proxy-Secret "";
{{- end -}}
