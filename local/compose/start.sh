#!/bin/sh
# Starts a process with its service's secrets in its environment, which `docker inspect` does not show.
#   start.sh COMMAND…                    once, in place of this shell
#   start.sh --every SECONDS COMMAND…    again and again; /tmp/done is as old as the last run that went well
set -eu
set -a
# shellcheck source=/dev/null
. /run/secrets/environment
set +a
if [ "$1" != --every ]; then
    exec "$@"
fi
seconds=$2
shift 2
trap 'exit 0' TERM INT
while :; do
    if "$@"; then
        : >/tmp/done
    fi
    sleep "$seconds" &
    wait "$!" || :
done
