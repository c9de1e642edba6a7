#!/usr/bin/env bash
# A real Elasticsearch 8.19.21 node on loopback, from its Maven artifacts (there is no server in any other registry).
#   elasticsearch.sh get             gets and compiles it into the cache, once; needs Java 17 and Maven
#   elasticsearch.sh run PORT DATA   in the foreground until stdin closes; takes PORT and, between nodes, PORT + 1
# ES_SECURITY=1: TLS (its CA: DATA/home/config/ca.crt), passwords (user elastic, password ES_PASSWORD), API keys.
# ES_SETTINGS: more lines of elasticsearch.yml. Without scaled_float, unsigned_long, wildcard, version, scripts.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
VERSION=8.19.21
PARTS='server transport-netty4 x-pack-core x-pack-security'
SOURCES=$HERE/elasticsearch
HOME_FOLDER=elasticsearch-$VERSION-$(cat "$SOURCES/pom.xml" "$SOURCES"/*/*.java | cksum | cut -d ' ' -f 1)
JARS=$CACHE/$HOME_FOLDER/jars

build() {
  local folder=$1 part
  apt_install javac openjdk-17-jdk-headless
  apt_install mvn maven
  say "getting Elasticsearch $VERSION (once, one or two minutes)"
  for part in $PARTS; do
    mvn -B -q -f "$SOURCES/pom.xml" -Des.version=$VERSION -P"$part" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$folder/jars/$part" >"$folder/maven.log" 2>&1 || { tail -n 10 "$folder/maven.log" >&2; return 1; }
  done
  for part in launch root; do
    javac -d "$folder/$part" -cp "$folder/jars/server/*" "$SOURCES/$part/"*.java >&2 || return 1
  done
  (cd "$folder" && jar --create --file jars/root.jar -C root .)
}
get() { make_once "$HOME_FOLDER" build || die "can't get Elasticsearch $VERSION"; }

# add_module NAME [BASE]: a module folder of those jars that neither the server nor the module it extends has already.
add_module() {
  local folder=$DATA/home/modules/$1 base=${2:-} jar name
  mkdir -p "$folder"
  for jar in "$JARS/$1"/*.jar; do
    name=$(basename "$jar")
    [ -e "$JARS/server/$name" ] && continue
    [ -n "$base" ] && [ -e "$DATA/home/modules/$base/$name" ] && continue
    # Second versions of classes that another jar has: the server refuses them.
    case $name in slf4j-api-1.* | jakarta.activation-api-* | jcip-annotations-1.0.jar | listenablefuture-9999*) continue ;; esac
    ln -sf "$jar" "$folder/"
  done
  # Without its module name: the server is on the class path, so that no named module can find it.
  unzip -p "$JARS/$1/$1-$VERSION.jar" "META-INF/es-plugins/$1/plugin-descriptor.properties" | grep -v '^modulename' \
    >"$folder/plugin-descriptor.properties"
}

add_root_module() {
  local folder=$DATA/home/modules/plain-root
  mkdir -p "$folder"
  ln -sf "$JARS/root.jar" "$folder/"
  printf '%s\n' description=root name=plain-root "version=$VERSION" "elasticsearch.version=$VERSION" java.version=17 \
    classname=root.RootPlugin >"$folder/plugin-descriptor.properties"
}

make_certificates() {
  local dir=$1
  [ -f "$dir/http.crt" ] && return
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=test-ca -keyout "$dir/ca.key" -out "$dir/ca.crt" \
      && openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$dir/http.key" -out "$dir/http.csr" \
      && openssl x509 -req -in "$dir/http.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 365 \
        -out "$dir/http.crt" -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  } 2>"$dir/openssl.log" || die "openssl: $(tail -n 3 "$dir/openssl.log")"
  # The whole chain: a client that knows the CA by its fingerprint alone wants to see it.
  cat "$dir/ca.crt" >>"$dir/http.crt"
}

configure() {
  local config=$DATA/home/config
  rm -rf "$DATA/home/modules"
  mkdir -p "$DATA/home/modules" "$config"
  add_module transport-netty4
  add_root_module
  cat >"$config/elasticsearch.yml" <<Y
cluster.name: test
node.name: test
discovery.type: single-node
network.host: 127.0.0.1
http.port: $PORT
transport.port: $((PORT + 1))
path.data: $DATA/data
path.logs: $DATA/logs
cluster.routing.allocation.disk.threshold_enabled: false
${ES_SETTINGS:-}
Y
  [ "${ES_SECURITY:-0}" = 1 ] || return 0
  add_module x-pack-core
  add_module x-pack-security x-pack-core
  make_certificates "$config"
  cat >>"$config/elasticsearch.yml" <<Y
xpack.security.enabled: true
xpack.security.authc.api_key.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: $config/http.key
xpack.security.http.ssl.certificate: $config/http.crt
xpack.security.http.ssl.certificate_authorities: [ "$config/ca.crt" ]
xpack.security.transport.ssl.enabled: false
Y
}

launch() {
  export ELASTIC_PASSWORD=$ES_PASSWORD
  mkdir -p "$DATA/tmp"
  exec java -Xms512m -Xmx512m -XX:+UseSerialGC "-Djava.io.tmpdir=$DATA/tmp" -Des.distribution.type=tar \
    -Djava.security.manager=allow --add-opens=java.base/java.io=ALL-UNNAMED \
    -cp "$CACHE/$HOME_FOLDER/launch:$JARS/server/*" launch.StartNode "$DATA/home"
}

HEALTH='/_cluster/health?wait_for_status=yellow&timeout=1s'
healthy() {
  [ "${ES_SECURITY:-0}" = 1 ] || { http_ok "$PORT" "$HEALTH"; return; }
  printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\nConnection: close\r\n\r\n' "$HEALTH" \
    "$(printf '%s' "elastic:$ES_PASSWORD" | base64)" \
    | timeout 3 openssl s_client -quiet -ign_eof -verify_return_error -CAfile "$DATA/home/config/ca.crt" -connect "127.0.0.1:$PORT" 2>/dev/null \
    | head -n 1 | grep -q ' 200 '
}

run() {
  PORT=$1
  ES_PASSWORD=${ES_PASSWORD:-elastic-test-password}
  mkdir -p "$2" && DATA=$(cd "$2" && pwd) || die "can't make the data folder $2"
  get
  claim_port "$PORT"
  configure
  supervise "$DATA/server.log" 120
}

case "${1:-} $#" in
  'get 1') get ;;
  'run 3') run "$2" "$3" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
