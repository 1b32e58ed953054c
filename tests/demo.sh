#!/usr/bin/env bash
# The tour of `make demo`: a real broker, and the example repository brought onto it.
# Stops the broker however it ends.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
broker="$here/kafka/broker.sh"
PATH="${CARGO_TARGET_DIR:-$root/target}/release:$PATH"
cd "$root"

# Bold on a terminal alone.
bold() {
    if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}
say() { bold "# $*"; }
# Shows a command and runs it; the exit code must be the one that the tour expects.
run() { # run EXPECTED COMMAND...
    local expected=$1 code=0
    shift
    bold "\$ $*"
    "$@" || code=$?
    if [ "$code" -ne "$expected" ]; then
        echo "demo: exit code $code where $expected was expected" >&2
        exit 1
    fi
    [ "$code" -eq 0 ] || echo "(exit code $code)"
}

# Kafka's own tool, as an operator would use it.
kafka_configs() {
    bold "\$ kafka-configs $*"
    java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*" kafka.admin.ConfigCommand \
        --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" "$@"
}

say "Fetching Apache Kafka, once"
jars=$("$broker" fetch)

dir=$(mktemp -d)
trap '"$broker" stop "$dir"' EXIT
say "Starting a broker"
KAFKA_BOOTSTRAP_SERVERS=$("$broker" start 1 "$dir")
export KAFKA_BOOTSTRAP_SERVERS
echo "listening on $KAFKA_BOOTSTRAP_SERVERS"

say "The files are checked offline, for every environment"
run 0 topicsmith validate

say "What would an apply do?"
run 2 topicsmith plan -e dev --wait 60s --detailed-exitcode

say "Do it"
run 0 topicsmith apply -e dev --yes

say "A plan after it is empty"
run 0 topicsmith plan -e dev --detailed-exitcode

say "Somebody shortens a retention by hand, to free disk, and tries another setting"
kafka_configs --alter --entity-type topics --entity-name playback-events \
    --add-config retention.ms=3600000,segment.bytes=104857600

# The tool ends when the controller has taken the change; the broker shows it a moment later.
sleep 2
say "drift finds it"
run 2 topicsmith drift -e dev

say "The next apply heals it"
run 0 topicsmith apply -e dev --yes
run 0 topicsmith drift -e dev

say "Done: the broker is stopped, nothing is left behind"
