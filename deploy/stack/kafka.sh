# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2034
# Kafka (KRaft): one broker, or three that keep every record three times. Its jars come once, by their coordinates in
# deploy/kafka/pom.xml, into $cache. scripts/stack sources this; $dir is the stack's folder.

kafka_home() { echo "$cache/kafka-$(sha256sum "$root/deploy/kafka/pom.xml" | cut -c1-12)"; }

# The jars, and an archive of the classes that a broker loads: it halves the time of every start.
kafka_install() {
  local home
  home=$(kafka_home)
  [ ! -f "$home/done" ] || return 0
  say "fetching Kafka's jars, once, into $home"
  rm -rf "$home" && mkdir -p "$home"
  mvn -B -q -ntp -f "$root/deploy/kafka/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$home/lib" >"$home/log" 2>&1 || { cat "$home/log" >&2; return 1; }
  kafka_archive "$home"
  touch "$home/done"
}

kafka_archive() ( # $1: home. A broker that runs for a moment, on ports and in a folder of its own
  brokers=1 dir=$1/trial
  mkdir -p "$dir/kafka1"
  kafka_name_cluster
  choose_ports kafka1
  kafka_prepare kafka1 "$dir/kafka1"
  kafka_command "$dir/kafka1" -XX:ArchiveClassesAtExit="$1/classes.jsa"
  "${command[@]}" >"$dir/kafka1/log" 2>&1 9>&- &
  for ((i = 0; i < 600; i++)); do
    ! kafka_answers kafka1 || break
    sleep 0.1
  done
  kill $! && { wait $! || true; }
  rm -rf "$dir"
)

# kafka_java FLAG… CLASS ARGUMENT…: sets `command`.
kafka_java() {
  local home
  home=$(kafka_home)
  [ ! -f "$home/classes.jsa" ] || set -- -XX:SharedArchiveFile="$home/classes.jsa" "$@"
  command=(java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel="${KAFKA_TIER:-1}"
           -Dlog4j2.configurationFile="$root/deploy/kafka/log4j2.properties" -cp "$home/lib/*" "$@")
}

# One id for all brokers of a stack: 16 bytes in base64url.
kafka_name_cluster() {
  [ -s "$dir/kafka.cluster" ] || head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=' >"$dir/kafka.cluster"
}

kafka_brokers() { seq -f 'kafka%.0f' "$brokers"; }

kafka_voters() {
  local broker list=()
  for broker in $(kafka_brokers); do list+=("${broker#kafka}@127.0.0.1:$(port_of "${broker}c")"); done
  (IFS=, && echo "${list[*]}")
}

kafka_addresses() {
  local broker list=()
  for broker in $(kafka_brokers); do list+=("127.0.0.1:$(port_of "$broker")"); done
  (IFS=, && echo "${list[*]}")
}

kafka_prepare() { # $1: kafkaN, $2: its folder
  local copies=$brokers in_sync=$((brokers > 1 ? 2 : 1)) port
  port=$(port_of "$1")
  cat >"$2/kafka.properties" <<END
process.roles=broker,controller
node.id=${1#kafka}
controller.quorum.voters=$(kafka_voters)
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$(port_of "${1}c")
advertised.listeners=PLAINTEXT://${KAFKA_ADVERTISED:-127.0.0.1}:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$2/data
default.replication.factor=$copies
min.insync.replicas=$in_sync
unclean.leader.election.enable=false
auto.create.topics.enable=false
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
group.initial.rebalance.delay.ms=0
# a small broker, and one that is back in seconds after a kill: its old session must end first
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=2
background.threads=2
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=200
${KAFKA_SETTINGS:-}
END
  [ ! -f "$2/data/meta.properties" ] || return 0
  kafka_java kafka.tools.StorageTool format -t "$(<"$dir/kafka.cluster")" -c "$2/kafka.properties"
  "${command[@]}" >"$2/format.log" 2>&1 9>&- || { cat "$2/format.log" >&2; return 1; }
}

kafka_command() { kafka_java "${@:2}" kafka.Kafka "$1/kafka.properties"; }

# Asks a broker for its cluster's description, in Kafka's own words (Metadata, version 1): it answers, and knows all.
kafka_answers() { # $1: kafkaN
  local known
  known=$({
    exec 3<>"/dev/tcp/127.0.0.1/$(port_of "$1")" &&
      printf '\0\0\0\016\0\03\0\01\0\0\0\01\377\377\0\0\0\0' >&3 &&
      timeout 2 head -c 12 <&3 | od -An -tu1 -j8 -N4 | tr -s ' '
  } 2>/dev/null) && [ "$known" = " 0 0 0 $brokers" ]
}

kafka_env() {
  echo "KAFKA_ADDRESSES=$(kafka_addresses)"
  echo "KAFKA_URL=kafka://$(kafka_addresses)/seckill"
}
