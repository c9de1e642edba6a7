#!/usr/bin/env bash
# milvus-lite 3.2.2 on loopback: Milvus's API without bulk insert.
#   milvus-lite.sh get             installs it into the cache, once
#   milvus-lite.sh run PORT DATA   in the foreground until stdin closes
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
VERSION=3.2.2

# Its server needs pymilvus and does not say so. In an environment of its own: it brings a pile of packages.
get() { make_once "milvus-lite-$VERSION" make_venv "milvus-lite==$VERSION" pymilvus || die "can't install milvus-lite==$VERSION"; }
launch() { exec "$CACHE/milvus-lite-$VERSION/bin/milvus-lite" server --host 127.0.0.1 --port "$PORT" --data-dir "$DATA"; }
healthy() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

main 2,4 . "$@"
