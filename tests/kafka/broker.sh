#!/usr/bin/env bash
# A real Apache Kafka for the tests and the demo: no Docker, one Java process a broker.
#
#   broker.sh fetch               gets Kafka's jars by Maven, once, and prints their folder
#   broker.sh start N DIR [PORT]  starts N brokers that keep their data in DIR, and prints their
#                                 addresses; PORT is the first broker's, else all ports are picked
#   broker.sh run N DIR [PORT]    the same, until its standard input ends; then DIR is removed
#   broker.sh stop DIR            stops what `start` started there, and removes DIR
#
# TOPICSMITH_KAFKA names another release of Kafka than 4.3.0: those before 3.6 run with ZooKeeper.
# With TOPICSMITH_KAFKA_APART=1 the last of N has the controller, and no topics (KRaft alone).
# TOPICSMITH_KAFKA_PROPERTIES may hold further lines of each broker's properties, and
# TOPICSMITH_KAFKA_LISTENERS further listeners: NAME:PROTOCOL, or NAME:PROTOCOL:ADDRESS for one that
# the brokers say is somewhere else. Where each is to be found stands in DIR/NAME.
#
# Once the brokers are up, these files in DIR hold their addresses:
#   servers  plain ones, where everybody may do everything
#   sasl     SASL ones for the users `admin` (everything) and `reader` (nothing that no ACL allows),
#            each with the password NAME-secret
#   misled   ones behind which a broker says that it is somewhere else, where nobody knows it
set -euo pipefail

version=${TOPICSMITH_KAFKA:-4.3.0}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${TOPICSMITH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/topicsmith}
jars=$cache/kafka-$version
patience=120

case $version in *[!0-9.]* | '' | .*) echo "broker.sh: $version is no release of Kafka" >&2 && exit 1 ;; esac
# shellcheck source=tests/kafka/zookeeper.sh
. "$here/zookeeper.sh"

fail() {
  printf 'broker.sh: %s\n' "$*" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null 2>&1 || fail "$1 is needed for a real Kafka: apt-get install $2"
}

# The jars appear whole or not at all, so that what is there can be trusted.
fetch() {
  [ -d "$jars" ] && return
  need mvn maven
  need java default-jre-headless
  mkdir -p -- "$cache"
  exec 9>"$cache/lock"
  ! command -v flock >/dev/null 2>&1 || flock 9
  if [ ! -d "$jars" ]; then
    printf 'Fetching Apache Kafka %s (about a minute, once)\n' "$version" >&2
    local part
    part=$(mktemp -d -- "$cache/part.XXXXXX")
    mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies "-Dkafka=$version" \
      "-DoutputDirectory=$part" >&2 ||
      { rm -rf -- "$part"; fail "Maven could not fetch Apache Kafka $version"; }
    chmod 755 "$part"
    mv -- "$part" "$jars"
  fi
  exec 9>&-
}

# Below the range that the kernel hands out, so that nobody takes a port before its broker does.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    case " $taken " in *" $port "*) continue ;; esac
    (exec 8<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  taken="$taken $port"
  picked=$port
}

# Small, so that thousands of topics fit a test machine.
properties() { # ID REPLICAS VOTERS CLIENT SASL MISLED CONTROLLER
  cat <<PROPERTIES
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$3
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=PLAINTEXT://127.0.0.1:$4,SASL_PLAINTEXT://127.0.0.1:$5,MISLED://127.0.0.1:$6,CONTROLLER://127.0.0.1:$7$listening
advertised.listeners=PLAINTEXT://127.0.0.1:$4,SASL_PLAINTEXT://127.0.0.1:$5,MISLED://kafka.invalid:9092$advertised
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,MISLED:PLAINTEXT,CONTROLLER:PLAINTEXT$protocols
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_admin="admin-secret" user_reader="reader-secret";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
log.dirs=$dir/$1/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
log.index.size.max.bytes=65536
offsets.topic.num.partitions=1
offsets.topic.replication.factor=$2
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=$2
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=$2
${TOPICSMITH_KAFKA_PROPERTIES:-}
PROPERTIES
}

# Which of the N a broker is: all of them are controllers too, or the last one alone is nothing else.
as_role() { # ID COUNT
  if [ -z "${TOPICSMITH_KAFKA_APART:-}" ]; then
    cat
  elif [ "$1" = "$2" ]; then
    sed -e 's/^\(process\.roles=\).*/\1controller/' -e '/^advertised\.listeners=/d' -e '/^inter\.broker/d' \
      -e 's/^listeners=.*,\(CONTROLLER:[^,]*\).*/listeners=\1/' \
      -e "s/^\\(controller\\.quorum\\.voters=\\).*\\($2@[^,]*\\).*/\\1\\2/"
  else
    sed -e 's/^\(process\.roles=\).*/\1broker/' -e 's/,CONTROLLER:\/\/[^,]*//' \
      -e "s/^\\(controller\\.quorum\\.voters=\\).*\\($2@[^,]*\\).*/\\1\\2/"
  fi
}

# Puts what the properties say of the further listeners into `listening`, `advertised` and
# `protocols`.
further() {
  local name protocol address
  listening='' advertised='' protocols=''
  for name in ${TOPICSMITH_KAFKA_LISTENERS:-}; do
    IFS=: read -r name protocol address <<<"$name"
    free_port
    listening=$listening,$name://127.0.0.1:$picked
    advertised=$advertised,$name://${address:-127.0.0.1:$picked}
    protocols=$protocols,$name:$protocol
    [ ! -s "$dir/$name" ] || printf , >>"$dir/$name"
    printf '127.0.0.1:%s' "$picked" >>"$dir/$name"
  done
}

configure() { # COUNT [PORT]
  local listening advertised protocols
  local count=$1 id voters='' taken='' picked=${2:-}
  local -a ports servers sasl misled
  for ((id = 1; id <= count; id++)); do
    # The ports of a broker in the order in which `properties` takes them.
    { [ "$id" = 1 ] && [ -n "$picked" ] && taken=$picked; } || free_port
    servers[id]=127.0.0.1:$picked
    ports[id]=$picked
    free_port
    sasl[id]=127.0.0.1:$picked
    ports[id]="${ports[id]} $picked"
    free_port
    misled[id]=127.0.0.1:$picked
    ports[id]="${ports[id]} $picked"
    free_port
    voters=$voters${voters:+,}$id@127.0.0.1:$picked
    ports[id]="${ports[id]} $picked"
  done
  configure_zookeeper
  for ((id = 1; id <= count; id++)); do
    mkdir -p -- "$dir/$id"
    further
    # shellcheck disable=SC2086 # four ports, four words
    properties "$id" "$((count < 3 ? 1 : 3))" "$voters" ${ports[id]} | as_role "$id" "$count" | as_release "$id" >"$dir/$id/properties"
  done
  local IFS=,
  printf '%s\n' "${servers[*]}" >"$dir/servers.part"
  printf '%s\n' "${sasl[*]}" >"$dir/sasl"
  printf '%s\n' "${misled[*]}" >"$dir/misled"
}

# A cluster's id is 16 bytes in URL-safe base64; a leading `-` would look like an option.
launch() { # COUNT
  local id cluster
  # Small, and quick to start: these brokers live for minutes.
  local options=${TOPICSMITH_KAFKA_OPTS:--Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1}
  # shellcheck disable=SC2206 # several options, several words
  local -a jvm=(java $options
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
    -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info
    -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaServer=info
    -cp "$jars/*")
  cluster=T$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)
  launch_zookeeper "${jvm[@]}"
  for ((id = 1; id <= $1; id++)); do
    (
      trap '' HUP
      with_zookeeper || "${jvm[@]}" kafka.tools.StorageTool format -t "$cluster" -c "$dir/$id/properties"
      printf '%s\n' "$BASHPID" >"$dir/$id/pid"
      exec "${jvm[@]}" kafka.Kafka "$dir/$id/properties"
    ) >"$dir/$id/log" 2>&1 </dev/null &
    starting[id]=$!
    disown "$!" # or the shell reports its end
  done
}

await() { # COUNT
  local id
  SECONDS=0
  for ((id = 1; id <= $1; id++)); do
    until grep -q 'Kafka Server started\|\[KafkaServer id=[0-9]*\] started' "$dir/$id/log"; do
      kill -0 "${starting[id]}" 2>/dev/null || {
        tail -n 20 -- "$dir/$id/log" >&2
        fail "broker $id ended before it was up"
      }
      [ "$SECONDS" -lt "$patience" ] || fail "broker $id was not up within $patience s; see $dir/$id/log"
      sleep 0.1
    done
  done
  mv -- "$dir/servers.part" "$dir/servers"
}

up() { # COUNT [PORT]
  case $1 in [1-9]) ;; *) fail "$1 is no number of brokers" ;; esac
  local -a starting
  fetch
  need java default-jre-headless
  [ ! -e "$dir/servers" ] || fail "$dir already has brokers; broker.sh stop $dir ends them"
  configure "$1" "${2:-}"
  launch "$1"
  trap 'down' EXIT
  await "$1"
}

# A pid is trusted only while its process still speaks of the folder: another may have it by now.
is_ours() { # PID
  case $(ps -o args= -p "$1" 2>/dev/null) in *"$dir/"*) return 0 ;; *) return 1 ;; esac
}

down() {
  local file pid
  for file in "$dir"/*/pid; do
    [ -f "$file" ] && read -r pid <"$file" || continue
    ! is_ours "$pid" || kill -9 "$pid" 2>/dev/null || :
    while is_ours "$pid"; do sleep 0.05; done
  done
  rm -rf -- "$dir"
}

folder() { # DIR
  [ -n "${1:-}" ] || fail 'which folder?'
  mkdir -p -- "$1"
  dir=$(cd -- "$1" && pwd)
}

case ${1:-} in
  fetch)
    fetch
    printf '%s\n' "$jars"
    ;;
  start)
    folder "${3:-}"
    up "$2" "${4:-}"
    trap - EXIT
    cat -- "$dir/servers"
    ;;
  run)
    folder "${3:-}"
    trap 'exit 130' INT TERM HUP
    up "$2" "${4:-}"
    cat -- "$dir/servers"
    # Not `cat`: a signal would have to wait for it.
    while read -r; do :; done
    ;;
  stop)
    [ -d "${2:-}" ] || exit 0
    folder "$2"
    [ -e "$dir/servers" ] || fail "$dir holds no brokers"
    down
    ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 64
    ;;
esac
