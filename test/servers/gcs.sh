#!/usr/bin/env bash
# fake-gcs-server v1.56.1 (Google Cloud Storage's JSON API, without logins) on loopback.
#   gcs.sh get             builds it into the cache, once; needs Go
#   gcs.sh run PORT DATA   in the foreground until stdin closes
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
VERSION=1.56.1
HOME_FOLDER=fake-gcs-server-$VERSION

build() {
  command -v go >/dev/null || die "go is not installed (Debian: apt-get install golang, or https://go.dev)"
  say "building fake-gcs-server $VERSION (once, some minutes)"
  GOBIN=$1 go install "github.com/fsouza/fake-gcs-server@v$VERSION" >&2
}
get() { make_once "$HOME_FOLDER" build || die "can't build fake-gcs-server $VERSION"; }
# Both names are in the answers: an upload goes on where they say.
launch() {
  exec "$CACHE/$HOME_FOLDER/fake-gcs-server" -scheme http -host 127.0.0.1 -port "$PORT" -backend filesystem \
    -filesystem-root "$DATA/objects" -public-host "127.0.0.1:$PORT" -external-url "http://127.0.0.1:$PORT" -log-level warn
}
healthy() { http_ok "$PORT" '/storage/v1/b?project=health'; }

main 2,4 objects "$@"
