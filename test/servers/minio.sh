#!/usr/bin/env bash
# MinIO on loopback, one disk. It is built with Go: the module is the only form in which it can be had everywhere.
#   minio.sh get                   builds it into the cache, once (4 to 8 minutes)
#   minio.sh run PORT DATA         in the foreground until stdin closes
# User and password: MINIO_ROOT_USER, MINIO_ROOT_PASSWORD (for tests; may do everything).
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
VERSION=v0.0.0-20260212201848-7aac2a2c5b7c

build() {
  local folder=$1
  command -v go >/dev/null || { say "go is not installed: install Go 1.24 or newer (Debian: apt-get install golang)"; return 1; }
  say "building MinIO (once, 4 to 8 minutes)"
  # What is compiled on the way goes again: it is larger than the program, and nobody needs it twice.
  GOFLAGS=-modcacherw GOBIN="$folder" GOPATH="$folder/go" GOCACHE="$folder/build" \
    go install "github.com/minio/minio@$VERSION" >"$folder/build.log" 2>&1 || { tail -n 10 "$folder/build.log" >&2; return 1; }
  chmod -R u+w "$folder/go" && rm -rf "$folder/go" "$folder/build"
}
get() { make_once "minio-$VERSION" build || die "can't build MinIO $VERSION"; }
launch() {
  export MINIO_ROOT_USER=${MINIO_ROOT_USER:-minio-test-user} MINIO_ROOT_PASSWORD=${MINIO_ROOT_PASSWORD:-minio-test-password}
  export MINIO_BROWSER=off MINIO_UPDATE=off MINIO_CALLHOME_ENABLE=off
  exec "$CACHE/minio-$VERSION/minio" server --address "127.0.0.1:$PORT" --quiet "$DATA/disk"
}
healthy() { http_ok "$PORT" /minio/health/ready; }

main 2,5 . "$@"
