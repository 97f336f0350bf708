#!/usr/bin/env bash
# Runs the samples: each must print what its first lines say. Starts the echo server as the README does, on a free port, and
# sends it the frame of RFC 6455 §5.7. Opens the pages of two samples in a browser.
set -uo pipefail
cd "$(dirname "$0")/../.."

logs=$(mktemp -d)
groups=()
end() {
    for group in "${groups[@]}"; do kill -- -"$group" 2> /dev/null; done
    wait
    rm -rf "$logs"
}
trap end EXIT

# start NAME COMMAND...: runs a command in the background, in its own process group
start() {
    local log=$logs/$1
    shift
    setsid "$@" > "$log" 2>&1 < /dev/null &
    groups+=($!)
}

# await NAME PATTERN: waits for output that matches, and prints the group in parentheses
await() {
    local found
    for _ in $(seq 600); do
        found=$(sed -nE "s#.*$2.*#\\1#p" "$logs/$1" | head -n 1)
        [ -n "$found" ] && break
        kill -0 "${groups[-1]}" 2> /dev/null || break
        sleep 0.2
    done
    [ -n "$found" ] || { echo "$1 printed no $2:" >&2; cat "$logs/$1" >&2; return 1; }
    echo "$found"
}

# The lines between "prints" and the end of the comment; "…" matches anything in a line, and any lines if it is alone.
expected() {
    sed -n '/^\/\/ prints/,/^$/s#^//   ##p' "samples/$1/Program.cs"
}

for sample in samples/*/Program.cs; do
    name=$(basename "$(dirname "$sample")")
    case $name in EchoServer | BrowserClient) continue ;; esac
    expected "$name" > "$logs/expected"
    # Log entries, for example about a slow callback, go to the standard error stream.
    timeout 60 dotnet run -c Release --project "samples/$name" > "$logs/$name" 2> "$logs/$name.errors"
    echo "$name:"
    cat "$logs/$name" "$logs/$name.errors"
    python3 -c '
import re, sys
expected, printed = (open(name).read().splitlines() for name in sys.argv[1:])
pattern = "".join(
    r"(.*\n)*?" if line == "…" else ".+".join(map(re.escape, line.split("…"))) + r"\n" for line in expected)
sys.exit(not pattern or not re.fullmatch(pattern, "".join(line + "\n" for line in printed)))
' "$logs/expected" "$logs/$name" || { echo "samples/$name should have printed:"; cat "$logs/expected"; exit 1; }
done

start BrowserClient dotnet run -c Release --project samples/BrowserClient
page=$(await BrowserClient 'Open (http://[^ ]+)') || exit 1
start chromium chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
    --disable-background-networking --user-data-dir="$logs/profile" "$page"
said=$(await BrowserClient '(\#1: a page has connected)') || { cat "$logs/chromium"; exit 1; }
echo "BrowserClient: $said"

start MinimalApi dotnet run -c Release --project samples/MinimalApi -- serve
page=$(await MinimalApi 'Open (http://[^ ]+)') || exit 1
start chromium-rooms chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
    --disable-background-networking --user-data-dir="$logs/profile-rooms" "$page?name=dora&room=attic"
said=$(await MinimalApi '(attic: dora: has entered)') || { cat "$logs/chromium-rooms"; exit 1; }
echo "MinimalApi: $said"

start EchoServer dotnet run --project samples/EchoServer -- 0
port=$(await EchoServer 'wss?://[^ /]*:([0-9]+)') || exit 1
cat "$logs/EchoServer"

# The key and the accept value are those of RFC 6455 §1.3; the frames are "Hello", masked and unmasked, of §5.7.
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
