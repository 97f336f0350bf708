#!/bin/bash
# handshakes.sh STAGE OUT "CELLS" "SERVERS" ROUNDS SECONDS WARMUP: measures the cells of opening handshakes that the
# application decides about, selecting a subprotocol; servers interleaved within each cell. Appends to OUT/raw.jsonl.
# Server on core 0, load on core 1.
set -euo pipefail

stage=$1 out=$2 cells=$3 servers=$4 rounds=$5 seconds=$6 warmup=$7
port=$((20000 + RANDOM % 8000))
declare -A pids ports
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true' EXIT

load() { # load SERVER CONNECTIONS SECONDS WARMUP: prints the generator's measurement
  timeout 60 taskset -c 1 "$stage/wsload" -p "${ports[$1]}" --mode handshake -c "$2" -t "$3" -w "$4" \
    --header $'Sec-WebSocket-Protocol: chat\r\n' --pid "${pids[$1]}"
}

for server in $servers; do
  port=$((port + 1))
  taskset -c 0 "$stage/servers/$server/run.sh" "$port" >"$stage/log/$server.handshakes.out" 2>&1 &
  pids[$server]=$! ports[$server]=$port
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    kill -0 "${pids[$server]}" || { echo "compare: $server did not start" >&2; exit 1; }
    sleep 0.1
  done
  # Long enough for tiered compilation to settle.
  load "$server" 64 4 0 >/dev/null
done

for round in $(seq "$rounds"); do
  for cell in $cells; do
    case $cell in hs64*) connections=64 ;; *) connections=1000 ;; esac
    for server in $servers; do
      answer=$(load "$server" $connections "$seconds" "$warmup" 2>>"$stage/log/handshakes.err") ||
        answer='{"error":"no output"}'
      echo "$answer" | jq -c --argjson r "$round" --arg c "$cell" --arg s "$server" \
        '{variant:"H",round:$r,cell:$c,server:$s}+.' >>"$out/raw.jsonl"
    done
  done
done
