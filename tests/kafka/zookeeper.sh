# What broker.sh does otherwise for releases of Kafka that it runs with ZooKeeper: those before 3.6.

with_zookeeper() {
  case $version in [0-2].* | 3.[0-5].*) ;; *) return 1 ;; esac
}

# Reads a broker's properties as KRaft has them, and writes them as ZooKeeper's brokers do.
as_release() { # ID
  with_zookeeper || { cat; return; }
  # With ZooKeeper no two brokers may say that they are at one address.
  sed -e "s/kafka\.invalid:9092/kafka.invalid:$((9091 + $1))/" -e '/^process\.roles=/d' -e '/^controller\./d' \
    -e 's/^node\.id=/broker.id=/' -e 's/,CONTROLLER:[^,]*//' \
    -e 's/^\(authorizer\.class\.name=\).*/\1kafka.security.authorizer.AclAuthorizer/'
  # Sessions as short as KRaft's, so that a broker that is gone is soon known to be.
  printf '%s\n' "zookeeper.connect=$(cat -- "$dir/zookeeper/address")" zookeeper.session.timeout.ms=9000
}

# Picks the address where ZooKeeper will be.
configure_zookeeper() {
  with_zookeeper || return 0
  mkdir -p -- "$dir/zookeeper"
  free_port
  printf '127.0.0.1:%s\n' "$picked" >"$dir/zookeeper/address"
  cat >"$dir/zookeeper/properties" <<PROPERTIES
dataDir=$dir/zookeeper/data
clientPort=$picked
clientPortAddress=127.0.0.1
admin.enableServer=false
maxClientCnxns=0
PROPERTIES
}

# The brokers wait for it.
launch_zookeeper() { # JVM...
  with_zookeeper || return 0
  (
    trap '' HUP
    printf '%s\n' "$BASHPID" >"$dir/zookeeper/pid"
    exec "$@" org.apache.zookeeper.server.quorum.QuorumPeerMain "$dir/zookeeper/properties"
  ) >"$dir/zookeeper/log" 2>&1 </dev/null &
  disown "$!"
}
