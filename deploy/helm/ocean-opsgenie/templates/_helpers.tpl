{{- define "ocean-opsgenie.name" -}}
{{- if contains "ocean-opsgenie" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-ocean-opsgenie" (.Release.Name | trunc 37 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "ocean-opsgenie.selector" -}}
app.kubernetes.io/name: ocean-opsgenie
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ocean-opsgenie.labels" -}}
{{ include "ocean-opsgenie.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "ocean-opsgenie.image" -}}
{{- if kindIs "string" .Values.image -}}
{{ .Values.image }}
{{- else -}}
{{- $name := .Values.image.repository }}
{{- with .Values.image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- with .Values.image.digest }}{{ printf "%s@%s" $name . }}{{ else }}{{ printf "%s:%s" $name (.Values.image.tag | default .Chart.AppVersion) }}{{ end }}
{{- end -}}
{{- end }}

{{- define "ocean-opsgenie.pullPolicy" -}}
{{- if kindIs "string" .Values.image }}IfNotPresent{{ else }}{{ .Values.image.pullPolicy }}{{ end }}
{{- end }}

{{- define "ocean-opsgenie.ownSecret" -}}
{{- if and .Values.secret.create (not .Values.existingSecret) }}true{{ end }}
{{- end }}

{{- define "ocean-opsgenie.secret" -}}
{{- if .Values.existingSecret }}{{ .Values.existingSecret }}
{{- else if .Values.secret.name }}{{ .Values.secret.name }}
{{- else if .Values.secret.create }}{{ include "ocean-opsgenie.name" . }}
{{- else }}{{ fail "secret.create is false: name your Secret by secret.name or existingSecret" }}
{{- end }}
{{- end }}

{{- define "ocean-opsgenie.pod" -}}
metadata:
  labels:
    {{- include "ocean-opsgenie.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A pod is replaced when what it was started with has changed.
    checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.podServiceAccount.name }}
  serviceAccountName: {{ . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- if eq .Values.workload.kind "CronJob" }}
  restartPolicy: Never
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: ocean-opsgenie
      image: {{ include "ocean-opsgenie.image" . | quote }}
      imagePullPolicy: {{ include "ocean-opsgenie.pullPolicy" . }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      envFrom:
        - configMapRef:
            name: {{ include "ocean-opsgenie.name" . }}
        - secretRef:
            name: {{ include "ocean-opsgenie.secret" . }}
      {{- if or .Values.extraEnv .Values.certificates.configMap .Values.certificates.secret }}
      env:
        {{- if or .Values.certificates.configMap .Values.certificates.secret }}
        - name: SSL_CERT_FILE
          value: /certificates/{{ .Values.certificates.key }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- if ne .Values.workload.kind "CronJob" }}
      ports:
        - name: http
          containerPort: 8000
      livenessProbe:
        httpGet:
          path: /health/live
          port: http
        periodSeconds: 20
        timeoutSeconds: 5
      readinessProbe:
        httpGet:
          path: /health/ready
          port: http
        periodSeconds: 10
        timeoutSeconds: 5
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: state
          mountPath: /state
        {{- if or .Values.certificates.configMap .Values.certificates.secret }}
        - name: certificates
          mountPath: /certificates
          readOnly: true
        {{- end }}
  volumes:
    - name: state
      {{- if .Values.persistence.enabled }}
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim | default (include "ocean-opsgenie.name" .) }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    {{- if .Values.certificates.configMap }}
    - name: certificates
      configMap:
        name: {{ .Values.certificates.configMap }}
    {{- else if .Values.certificates.secret }}
    - name: certificates
      secret:
        secretName: {{ .Values.certificates.secret }}
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
{{- end }}
