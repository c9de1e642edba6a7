#!/usr/bin/env bash
# A Python with the faiss-cpu of fixtures/faiss/requirements.txt, for fixtures and comparisons.
#   faiss-python.sh get    prints its path: $TEST_FAISS_PYTHON, or an environment in the cache
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
[ "${1:-}" = get ] || { sed -n '2,3s/^# \{0,1\}//p' "$0" >&2; exit 64; }

REQUIREMENTS=$HERE/../../fixtures/faiss/requirements.txt
VERSION=$(sed -n 's/^faiss-cpu==//p' "$REQUIREMENTS")
if [ -n "${TEST_FAISS_PYTHON:-}" ]; then
  "$TEST_FAISS_PYTHON" -c 'import faiss' || die "TEST_FAISS_PYTHON=$TEST_FAISS_PYTHON has no faiss: pip install -r $REQUIREMENTS"
  command -v "$TEST_FAISS_PYTHON"
  exit 0
fi
make_once "faiss-$VERSION" make_venv -r "$REQUIREMENTS" || die "can't install faiss-cpu $VERSION"
echo "$CACHE/faiss-$VERSION/bin/python"
