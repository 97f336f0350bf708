#!/bin/bash
# deflate.sh STAGE OUT "CELLS" "SERVERS" ROUNDS SECONDS WARMUP: measures the cells with permessage-deflate, servers
# interleaved within each cell, and appends to OUT/raw.jsonl. Server on core 0, load on core 1.
set -euo pipefail

stage=$1 out=$2 cells=$3 servers=$4 rounds=$5 seconds=$6 warmup=$7
port=$((20000 + RANDOM % 8000))
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true' EXIT
declare -A pids ports

up() { # up SERVER: sets pid
  port=$((port + 1))
  taskset -c 0 "$stage/servers/$1/run.sh" "$port" >"$stage/log/$1.deflate.out" 2>&1 &
  pid=$!
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "compare: $1 did not start" >&2
  exit 1
}

load() { # load PORT PID CELL SERVER ROUND SECONDS WARMUP: one line of raw.jsonl
  local path=/deflate shape variant=D answer
  case $3 in takeover*) path=/deflate-takeover ;; esac
  case $3 in
    *128) shape="64 1 128" ;;
    *1k) shape="64 1 1024" ;;
    *16k) shape="64 1 16384" ;;
    *1m) shape="4 1 1048576" ;;
    *mem) shape="500 1 1024" variant=M ;;
  esac
  # shellcheck disable=SC2086 # a shape is three arguments
  answer=$(timeout 60 taskset -c 1 dotnet "$stage/deflate-load/DeflateLoad.dll" "$1" "$2" $path $shape "$6" "$7" \
    2>>"$stage/log/deflate-load.err") || answer='{"error":"no output"}'
  echo "$answer" | jq -c --arg v $variant --argjson r "$5" --arg c "$3" --arg s "$4" \
    '{variant:$v,round:$r,cell:$c,server:$s}+.' >>"$out/raw.jsonl"
}

servers_of() { # servers_of CELL: Sockeye compresses messages shorter than 1,024 bytes only if configured to
  for server in $servers; do
    case $server-$1 in sockeye-small-*128) echo "$server" ;; sockeye-small-*) ;; *) echo "$server" ;; esac
  done
}

timed=
for cell in $cells; do
  case $cell in
    *mem)
      # In a new process each, after 500 connections have received the echo of a message of 1 KiB.
      for round in $(seq "$rounds"); do
        for server in $(servers_of plain); do
          up "$server"
          load "$port" "$pid" "$cell" "$server" "$round" 0 1
          kill "$pid"
          wait "$pid" 2>/dev/null || true
        done
      done
      ;;
    *) timed="$timed $cell" ;;
  esac
done

[ -n "$timed" ] || exit 0
for server in $servers; do
  up "$server"
  pids[$server]=$pid
  ports[$server]=$port
done
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
for cell in $timed; do
  for round in $(seq "$rounds"); do
    for server in $(servers_of "$cell"); do
      load "${ports[$server]}" "${pids[$server]}" "$cell" "$server" "$round" "$seconds" "$warmup"
    done
  done
done
