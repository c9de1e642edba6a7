#!/usr/bin/env bash
# A real Milvus 2.3.5 standalone on loopback, out of the PyPI wheel `milvus`.
#   milvus.sh get                  downloads and unpacks it into the cache, once (60 MB, 450 MB unpacked)
#   milvus.sh run PORT DATA        in the foreground until stdin closes; uses ports PORT … PORT+12
# MILVUS_EXTRA="a.b.c=v d.e=v" overrides keys of milvus.yaml; REMOVE names a folder to remove at the end.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
VERSION=2.3.5
VENV=$CACHE/milvus-$VERSION-wheel
UNPACKED=$CACHE/milvus-$VERSION

get() {
  make_once "milvus-$VERSION-wheel" make_venv "milvus==$VERSION" || die "can't install milvus==$VERSION"
  make_once "milvus-$VERSION" unpack || die "can't unpack milvus==$VERSION"
}

# One set of binaries for all data folders; two processes, because xz is slow.
unpack() {
  say "unpacking (once)"
  "$VENV/bin/python" - "$1" <<'PY'
import lzma, milvus, multiprocessing, os, shutil, sys
source = os.path.join(os.path.dirname(milvus.__file__), 'data', 'bin')
target = os.path.join(sys.argv[1], 'bin')
os.makedirs(target, exist_ok=True)
def unpack(name):
    path = os.path.join(target, name[:-len('.lzma')])
    with lzma.open(os.path.join(source, name)) as packed, open(path, 'wb') as out:
        shutil.copyfileobj(packed, out, 1 << 20)
    os.chmod(path, 0o755)
with multiprocessing.get_context('fork').Pool(2) as pool:
    pool.map(unpack, sorted(os.listdir(source), key=lambda n: -os.path.getsize(os.path.join(source, n))), 1)
PY
}

configure() {
  P=$PORT D=$DATA X=${MILVUS_EXTRA:-} "$VENV/bin/python" - <<'PY'
import os, socket, milvus
port, data = int(os.environ['P']), os.environ['D']
config = milvus.MilvusServerConfig(data_dir=data)
offsets = {'proxy': 0, 'proxy_internal': 2, 'root_coord': 3, 'query_coord': 4, 'query_node': 5, 'index_coord': 6,
           'index_node': 7, 'data_coord': 8, 'data_node': 9, 'etcd': 10}
config.update(**{f'{name}_port': port + offset for name, offset in offsets.items()})
for role in ('rootCoord', 'proxy', 'queryCoord', 'queryNode', 'indexNode', 'dataCoord', 'dataNode'):
    config.set(f'{role}.ip', '127.0.0.1')     # the advertised address: inner traffic stays on loopback
config.set('common.gracefulStopTimeout', 5)   # 1800 by default: TERM hangs while a collection is loaded
def bind(number):                             # the wheel's own check has no SO_REUSEADDR: TIME_WAIT fails it
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(('127.0.0.1', number))
        return probe
    except OSError:
        return None
config.try_bind_port = bind
for pair in os.environ['X'].split():          # last, so that it wins
    config.set(*pair.split('=', 1))
config.resolve()
# The embedded etcd listens on 2379 and 2380 whatever its port setting says, unless it has a file of its own.
folder = os.path.join(data, 'configs')
client, peer = f'http://127.0.0.1:{port + 10}', f'http://127.0.0.1:{port + 11}'
with open(os.path.join(folder, 'etcd.yaml'), 'w') as out:
    out.write(f'name: default\nlisten-client-urls: {client}\nadvertise-client-urls: {client}\n'
              f'listen-peer-urls: {peer}\ninitial-advertise-peer-urls: {peer}\ninitial-cluster: default={peer}\n')
path = os.path.join(folder, 'milvus.yaml')
with open(path) as file:
    text = file.read()
with open(path, 'w') as out:
    out.write(text.replace('etcd:\n', f'etcd:\n  config:\n    path: {folder}/etcd.yaml\n', 1))
PY
}

launch() {
  cd "$DATA" || exit 1
  export DEPLOY_MODE=STANDALONE METRICS_PORT=$((PORT + 1)) MILVUS_RUN_DIR=$DATA/run
  export LD_LIBRARY_PATH=$UNPACKED/bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  exec "$UNPACKED/bin/milvus" run standalone
}
healthy() { http_ok $((PORT + 1)) /healthz; }

run() {
  PORT=$1
  mkdir -p "$2" && DATA=$(cd "$2" && pwd) || die "can't make the data folder $2"
  get
  claim_port "$PORT"
  configure || die "can't write the configuration into $DATA"
  mkdir -p "$DATA/logs"
  supervise "$DATA/logs/server.log" "${MILVUS_WAIT:-120}"
}

case "${1:-} $#" in
  'get 1') get ;;
  'run 3') run "$2" "$3" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
