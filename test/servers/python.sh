#!/usr/bin/env bash
# A Python with NumPy, for fixtures and comparisons.
#   python.sh get    prints its path: $TEST_PYTHON, or python3 if it has NumPy, or an environment in the cache
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
[ "${1:-}" = get ] || { sed -n '2,3s/^# \{0,1\}//p' "$0" >&2; exit 64; }

for python in ${TEST_PYTHON:-} ${PYTHON:-python3}; do
  if "$python" -c 'import numpy, sqlite3' 2>/dev/null; then command -v "$python"; exit 0; fi
done
make_once numpy make_venv numpy || die "can't install numpy"
echo "$CACHE/numpy/bin/python"
