#!/bin/bash
# http.sh STAGE ROUNDS SECONDS: CPU microseconds of the server per GET of 13 bytes over 64 kept-alive connections, with Kestrel's own
# transport and with Sockeye's, interleaved. The server has core 0, the load core 1. Needs wrk.
set -euo pipefail

stage=$1
rounds=$2
seconds=$3
command -v wrk >/dev/null || { echo "http.sh: wrk is missing" >&2; exit 1; }

declare -A pid port
end() { for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done; }
trap end EXIT
for name in aspnet aspnet-handover; do
  port[$name]=$((20000 + RANDOM % 9000))
  taskset -c 0 "$stage/servers/$name/run.sh" "${port[$name]}" >/dev/null 2>&1 &
  pid[$name]=$!
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/${port[$name]}") 2>/dev/null && break
    sleep 0.1
  done
done

load() { taskset -c 1 wrk -t1 -c64 -d"$1"s "http://127.0.0.1:${port[$2]}/plain" | awk '/requests in/ { print $1 }'; }
ticks() { awk '{ print $14 + $15 }' "/proc/${pid[$1]}/stat"; }

# Until the compiler has done its work.
for _ in 1 2; do for name in aspnet aspnet-handover; do load 4 $name >/dev/null; done; done

for round in $(seq "$rounds"); do
  for name in aspnet aspnet-handover; do
    before=$(ticks $name)
    requests=$(load "$seconds" $name)
    after=$(ticks $name)
    echo "$round $name $(awk "BEGIN { print ($after - $before) * 1000000 / $(getconf CLK_TCK) / $requests }")"
  done
done | tee /dev/stderr | awk '{ if ($2 == "aspnet") base = $3; else print $3 / base }' | sort -n |
  awk '{ ratio[NR] = $1 } END { print "median of the ratios: " ratio[int((NR + 1) / 2)] }'
