# Sourced by the start scripts: the cache of downloads, and the supervisor that runs one server.
#
# Cache: $MILVUS_MIGRATE_CACHE, else ${XDG_CACHE_HOME:-$HOME/.cache}/milvus-migrate. Things in it are made once, under a
# lock, and count only when their `.ready` mark is there.

CACHE=${MILVUS_MIGRATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/milvus-migrate}

say() { echo "$(basename "$0" .sh): $*" >&2; }
die() { say "$*"; exit 1; }

# make_once NAME COMMAND…: runs the command with the folder $CACHE/NAME as its last argument, unless it was made before.
make_once() {
  local folder=$CACHE/$1
  shift
  [ -e "$folder/.ready" ] && return 0
  mkdir -p "$CACHE"
  command -v flock >/dev/null || die "flock is not installed (Debian: apt-get install util-linux)"
  (
    flock 9
    [ -e "$folder/.ready" ] && exit 0
    rm -rf "$folder"
    mkdir -p "$folder"
    "$@" "$folder" 9>&- && touch "$folder/.ready"
  ) 9>"$folder.lock"
}

# apt_install PROGRAM PACKAGE…: installs packages when the program is absent and we may.
apt_install() {
  local program=$1
  shift
  command -v "$program" >/dev/null && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "$program is not installed: install $* (Debian: apt-get install $*)"
  fi
  mkdir -p "$CACHE"
  (
    flock 9
    command -v "$program" >/dev/null && exit 0
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@"; } >"$CACHE/apt.log" 2>&1 9>&- </dev/null \
      || die "apt-get install $* failed: $(tail -n 5 "$CACHE/apt.log")"
  ) 9>"$CACHE/apt.lock"
}

# A python3 that can make virtual environments; PYTHON names another one.
find_python() {
  local python=${PYTHON:-python3}
  command -v "$python" >/dev/null || die "$python is not installed; Python 3.8 or newer is needed (Debian: apt-get install python3 python3-venv)"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null \
      || die "$python can't make virtual environments (Debian: apt-get install python3-venv)"
    say "installing python3-venv"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-venv; } \
      >"$CACHE/apt.log" 2>&1 </dev/null || die "apt-get install python3-venv failed: $(tail -n 5 "$CACHE/apt.log")"
  }
  echo "$python"
}

# make_venv REQUIREMENT… FOLDER
make_venv() {
  local folder=${!#} python
  set -- "${@:1:$#-1}"
  python=$(find_python) || return 1
  say "getting $* (once)"
  "$python" -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check "$@" >&2
}

# http_ok PORT PATH: whether 127.0.0.1 answers 200 there. No curl needed.
http_ok() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    timeout 2 head -n 1 <&3 | grep -q ' 200 '
  ) 2>/dev/null
}

# claim_port PORT: so that two servers that chose the same free port at once do not take each other's health for their
# own. The lock is held by us and by the server, and is gone with the last of them.
claim_port() {
  mkdir -p "$CACHE/ports"
  exec 8>"$CACHE/ports/$1"
  flock -n 8 || die "port $1 is claimed by another server of ours"
}

# supervise LOG WAIT_S: runs `launch` (which execs the server), says «ready PID» on stdout once `healthy` succeeds, and
# then stays. Ends the server gently when told «stop» on stdin, quickly when stdin closes: whoever started us is gone,
# however it died. In that case the folder REMOVE goes, too, if it is set.
supervise() {
  local log=$1 wait_s=$2 server line state started=$SECONDS
  trap '' INT HUP
  ( launch ) </dev/null >>"$log" 2>&1 &
  server=$!
  disown "$server" # or bash tells of its end in words of its own
  trap 'finish "$server" 0; exit 143' TERM
  until healthy; do
    kill -0 "$server" 2>/dev/null || { say "the server ended while starting:"; tail -n 15 "$log" | cut -c 1-300 >&2; finish "$server" 0; exit 3; }
    [ $((SECONDS - started)) -lt "$wait_s" ] || { say "not healthy after $wait_s s:"; tail -n 15 "$log" | cut -c 1-300 >&2; finish "$server" 0; exit 4; }
    line=''
    read -r -t 0.1 line; state=$?
    [ $state -gt 128 ] || abandon "$server"
  done
  echo "ready $server"
  while kill -0 "$server" 2>/dev/null; do
    line=''
    # A status above 128 is the time-out: stdin is open and has nothing to say.
    read -r -t 0.5 line; state=$?
    [ $state -gt 128 ] && continue
    if [ $state = 0 ] && [ "$line" = stop ]; then finish "$server" 30; exit 0; fi
    abandon "$server"
  done
  # It died by itself, or was killed by a test.
  finish "$server" 0
}

# main USAGE FOLDER WORD…: the words of a script, where nothing is special: `get`, or `run PORT DATA`. USAGE: which lines
# of the script say so. FOLDER: what `launch` needs in DATA.
main() {
  local usage=$1 folder=$2
  shift 2
  case "${1:-} $#" in
    'get 1') get ;;
    'run 3')
      PORT=$2
      mkdir -p "$3/$folder" && DATA=$(cd "$3" && pwd) || die "can't make the data folder $3"
      get
      claim_port "$PORT"
      supervise "$DATA/server.log" 60
      ;;
    *) sed -n "${usage}s/^# \\{0,1\\}//p" "$0" >&2; exit 64 ;;
  esac
}

# abandon PID: nobody wants the server any more, nor its temporary data.
abandon() {
  finish "$1" 2
  [ -z "${REMOVE:-}" ] || rm -rf "$REMOVE"
  exit 0
}

# finish PID GRACE_S: TERM, after the grace KILL.
finish() {
  local tries=$(($2 * 10))
  [ "$tries" -gt 0 ] && kill -TERM "$1" 2>/dev/null
  while kill -0 "$1" 2>/dev/null && [ $tries -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
  kill -KILL "$1" 2>/dev/null
  while kill -0 "$1" 2>/dev/null; do sleep 0.05; done
}
