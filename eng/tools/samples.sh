#!/usr/bin/env bash
# Starts the echo server as the README says, on a free port, and sends it the frame of RFC 6455 §5.7.
set -uo pipefail
cd "$(dirname "$0")/../.."

log=$(mktemp)
setsid dotnet run --project samples/EchoServer -- 0 > "$log" 2>&1 < /dev/null &
group=$!
trap 'kill -- -"$group" 2> /dev/null; wait "$group" 2> /dev/null; rm -f "$log"' EXIT

# It is built first: give it time, and stop waiting as soon as it has ended.
port=
for _ in $(seq 600); do
    port=$(sed -nE 's#.*wss?://[^ /]*:([0-9]+).*#\1#p' "$log" | head -n 1)
    [ -n "$port" ] && break
    kill -0 "$group" 2> /dev/null || break
    sleep 0.2
done
cat "$log"
if [ -z "$port" ]; then
    echo "samples/EchoServer printed no address."
    exit 1
fi

# The key and the answer to it are those of RFC 6455 §1.3; the frames are "Hello", masked and not, of §5.7.
answer=$(timeout 10 bash -c '
    exec 3<> "/dev/tcp/127.0.0.1/$1"
    printf "GET / HTTP/1.1\r\nHost: 127.0.0.1:$1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" >&3
    printf "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" >&3
    while IFS= read -r line <&3 && [ "$line" != $'"'\r'"' ]; do printf "%s\n" "$line"; done
    printf "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" >&3
    head -c 7 <&3 | od -An -tx1' _ "$port")
echo "$answer"
grep -q '^HTTP/1.1 101 ' <<< "$answer" &&
    grep -qi '^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=' <<< "$answer" &&
    grep -q ' 81 05 48 65 6c 6c 6f' <<< "$answer"
