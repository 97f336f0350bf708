#!/bin/sh
# run.sh PORT: the command with which the measuring tools start every server.
ulimit -n "$(ulimit -Hn)"
exec dotnet "$(dirname "$0")/out/BenchmarkEchoServer.dll" "$1"
