#!/bin/sh
# A pass in a container, with the settings and the resources beside this file. OWNER is where your image is. The secrets
# are in `.env`, of which .env.example is the beginning. Arguments are commands of the program: sh run.sh doctor
set -eu
cd "$(dirname "$0")"
exec docker run -i --rm --platform=linux/amd64 \
    -e OCEAN__EVENT_LISTENER='{"type":"ONCE"}' \
    --env-file .env \
    -v "$PWD/config.yaml:/settings/config.yaml:ro" \
    -v "$PWD/opsgenie:/settings/opsgenie:ro" \
    -w /settings \
    ghcr.io/OWNER/ocean-opsgenie:latest "$@"
