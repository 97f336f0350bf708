#!/usr/bin/env bash
# Publishes a program that uses both ends, trimmed and self-contained, with warnings as errors; then runs it.
set -euo pipefail
cd "$(dirname "$0")/../.."

output=artifacts/publish/trimmed
rm -rf "$output"
dotnet publish tests/Sockeye.TrimTest -c Release -r linux-x64 --self-contained -o "$output"
printf 'Published: %s\n' "$(du -sh "$output" | cut -f1)"

answer=$(timeout 60 "$output/Sockeye.TrimTest")
echo "The trimmed program says: $answer"
[ "$answer" = ok ]
