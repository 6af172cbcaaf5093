# shellcheck shell=bash disable=SC2034
# Redis: a hint that may be emptied at any time. It keeps its data over a restart, since --compat demo counts on it.
# scripts/stack sources this; $dir is the stack's folder.

redis_prepare() { # $1: redis, $2: its folder
  cat >"$2/redis.conf" <<END
bind 127.0.0.1
port $(port_of redis)
dir $2/data
appendonly yes
save ""
set-proc-title no
END
  mkdir -p "$2/data"
}

redis_command() { command=(redis-server "$1/redis.conf"); }

redis_answers() { [ "$(timeout 3 redis-cli -h 127.0.0.1 -p "$(port_of redis)" ping 2>/dev/null)" = PONG ]; }

redis_env() {
  echo "REDIS_PORT=$(port_of redis)"
  echo "REDIS_URL=redis://127.0.0.1:$(port_of redis)"
}
