#!/bin/sh
# run.sh PORT, as the measuring tools start every server.
ulimit -n "$(ulimit -Hn)"
exec dotnet "$(dirname "$0")/out/BenchmarkEchoServer.dll" "$1"
