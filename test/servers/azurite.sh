#!/usr/bin/env bash
# Azurite 3.35.0 (Azure Blob Storage) on loopback; newer ones want Node 21.
#   azurite.sh get             installs it into the cache, once
#   azurite.sh run PORT DATA   in the foreground until stdin closes
# Accounts: AZURITE_ACCOUNTS, as `name:base64 key`; else Azurite's own one, devstoreaccount1.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
VERSION=3.35.0

install() {
  say "getting azurite $VERSION (once)"
  npm install --prefix "$1" --no-audit --no-fund --omit=dev --loglevel=error "azurite@$VERSION" >&2
}
get() { make_once "azurite-$VERSION" install || die "can't install azurite $VERSION"; }
# It has a check for newer API versions than its own: the SDK always is newer.
launch() {
  exec node "$CACHE/azurite-$VERSION/node_modules/azurite/dist/src/blob/main.js" --blobHost 127.0.0.1 --blobPort "$PORT" \
    --location "$DATA/blobs" --silent --disableTelemetry --skipApiVersionCheck
}
# Without a login it says no, and so that it is there.
healthy() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$PORT" || exit 1
    printf 'GET /devstoreaccount1?comp=list HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
    timeout 2 head -n 1 <&3 | grep -q '^HTTP/1.1 [2-4]'
  ) 2>/dev/null
}

main 2,5 blobs "$@"
