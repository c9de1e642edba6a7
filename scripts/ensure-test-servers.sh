#!/usr/bin/env bash
# Gets what the tests need, once: Milvus 2.3.5, milvus-lite, MinIO and fake-gcs-server (built with Go), Azurite, Elasticsearch (Maven), a Python
# with NumPy, one with faiss-cpu (all into the cache folder, see test/servers/lib.sh), and MariaDB (Debian's packages, as
# root; else it says what to install).
set -euo pipefail
SERVERS=$(cd "$(dirname "${BASH_SOURCE[0]}")/../test/servers" && pwd)
"$SERVERS/python.sh" get >/dev/null
"$SERVERS/faiss-python.sh" get >/dev/null
"$SERVERS/mysql.sh" get
"$SERVERS/milvus.sh" get
"$SERVERS/milvus-lite.sh" get
"$SERVERS/minio.sh" get
"$SERVERS/gcs.sh" get
"$SERVERS/azurite.sh" get
"$SERVERS/elasticsearch.sh" get
