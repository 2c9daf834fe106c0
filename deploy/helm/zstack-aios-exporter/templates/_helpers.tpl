{{- define "exporter.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* At most 52 characters: a StatefulSet puts 11 more into a label. */}}
{{- define "exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "exporter.name" . }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- $both | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "exporter.labels" -}}
{{ include "exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "exporter.serviceAccountName" -}}
{{- $default := .Values.serviceAccount.create | ternary (include "exporter.fullname" .) "default" }}
{{- .Values.serviceAccount.name | default $default }}
{{- end }}

{{- define "exporter.image" -}}
{{- with .Values.image }}
{{- with .registry }}{{ trimSuffix "/" . }}/{{ end }}
{{- .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The name of the Secret whose keys are the files under secrets/; empty where there is none. */}}
{{- define "exporter.secretName" -}}
{{- if .Values.secret.existingSecret }}
{{- .Values.secret.existingSecret }}
{{- else if .Values.secret.files }}
{{- include "exporter.fullname" . }}
{{- end }}
{{- end }}

{{/* web.yaml, where the chart makes it. */}}
{{- define "exporter.webConfig" -}}
{{- with .Values.webConfig }}
{{- if and (not .existingSecret) .content }}
{{- toYaml .content }}
{{- else if and (not .existingSecret) .tlsSecret -}}
tls_server_config:
  cert_file: /etc/zstack-aios-exporter/tls/tls.crt
  key_file: /etc/zstack-aios-exporter/tls/tls.key
{{- end }}
{{- end }}
{{- end }}

{{/* The name of the Secret with web.yaml; empty where there is none. */}}
{{- define "exporter.webSecretName" -}}
{{- if .Values.webConfig.existingSecret }}
{{- .Values.webConfig.existingSecret }}
{{- else if include "exporter.webConfig" . }}
{{- include "exporter.fullname" . }}-web
{{- end }}
{{- end }}

{{- define "exporter.scheme" -}}
{{- $made := include "exporter.webConfig" . | fromYaml }}
{{- $given := and .Values.webConfig.existingSecret .Values.webConfig.tls }}
{{- or $given (hasKey $made "tls_server_config") | ternary "https" "http" }}
{{- end }}

{{/* What is wrong with the values and their schema cannot express. */}}
{{- define "exporter.check" -}}
{{- $config := .Values.config }}
{{- if and $config.target $config.targets }}
{{- fail "\n\nconfig.target is given together with config.targets: keep only one of the two\n" }}
{{- end }}
{{- $_ := required "\n\nconfig.target is missing: there is nothing to poll; set config.target.url and its credentials, or config.targets\n" ($config.target | default $config.targets) }}
{{- if and .Values.sharded $config.target }}
{{- fail "\n\nsharded is true, but there is one target: set config.targets, or sharded to false\n" }}
{{- end }}
{{- end }}

{{/* Labels and template of the pods, alike in Deployment and StatefulSet. */}}
{{- define "exporter.pod" -}}
metadata:
  labels:
    {{- include "exporter.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "exporter.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: 15
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - {{ include "exporter.container" . | indent 6 | trim }}
  volumes:
    - name: config
      configMap:
        name: {{ include "exporter.fullname" . }}
    {{- with include "exporter.secretName" . }}
    - name: secrets
      secret:
        secretName: {{ . }}
        defaultMode: 0440
        optional: false
    {{- end }}
    {{- with include "exporter.webSecretName" . }}
    - name: web
      secret:
        secretName: {{ . }}
        defaultMode: 0440
        optional: false
    {{- end }}
    {{- with .Values.webConfig.tlsSecret }}
    - name: tls
      secret:
        secretName: {{ . }}
        defaultMode: 0440
        optional: false
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "exporter.container" -}}
name: exporter
image: {{ include "exporter.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  - --config.file=/etc/zstack-aios-exporter/config/config.yaml
  {{- if include "exporter.webSecretName" . }}
  - --web.config.file=/etc/zstack-aios-exporter/web/web.yaml
  {{- end }}
  {{- if .Values.state.enabled }}
  - --state.file=/var/lib/zstack-aios-exporter/state.json
  {{- end }}
  {{- with .Values.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if or .Values.sharded .Values.extraEnv }}
env:
  {{- if .Values.sharded }}
  - name: ZSTACK_EXPORTER_SHARD__ORDINAL
    value: auto
  - name: ZSTACK_EXPORTER_SHARD__TOTAL
    value: {{ max 1 .Values.replicas | quote }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
ports:
  - name: metrics
    containerPort: 10521
    protocol: TCP
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- $scheme := include "exporter.scheme" . | upper }}
startupProbe:
  httpGet:
    path: /-/healthy
    port: metrics
    scheme: {{ $scheme }}
  periodSeconds: 1
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /-/healthy
    port: metrics
    scheme: {{ $scheme }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /-/ready
    port: metrics
    scheme: {{ $scheme }}
  periodSeconds: 5
  timeoutSeconds: 5
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - name: config
    mountPath: /etc/zstack-aios-exporter/config
    readOnly: true
  {{- if include "exporter.secretName" . }}
  - name: secrets
    mountPath: /etc/zstack-aios-exporter/secrets
    readOnly: true
  {{- end }}
  {{- if include "exporter.webSecretName" . }}
  - name: web
    mountPath: /etc/zstack-aios-exporter/web
    readOnly: true
  {{- end }}
  {{- if .Values.webConfig.tlsSecret }}
  - name: tls
    mountPath: /etc/zstack-aios-exporter/tls
    readOnly: true
  {{- end }}
  {{- if .Values.state.enabled }}
  - name: state
    mountPath: /var/lib/zstack-aios-exporter
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
