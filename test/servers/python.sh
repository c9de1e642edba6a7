#!/usr/bin/env bash
# A Python with NumPy, PyArrow and DuckDB, for fixtures and comparisons.
#   python.sh get    prints its path: $TEST_PYTHON, or python3 if it has them, or an environment in the cache
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
[ "${1:-}" = get ] || { sed -n '2,3s/^# \{0,1\}//p' "$0" >&2; exit 64; }

for python in ${TEST_PYTHON:-} ${PYTHON:-python3}; do
  if "$python" -c 'import numpy, sqlite3, pyarrow, duckdb' 2>/dev/null; then command -v "$python"; exit 0; fi
done
make_once arrow make_venv numpy pyarrow duckdb || die "can't install numpy, pyarrow and duckdb"
echo "$CACHE/arrow/bin/python"
