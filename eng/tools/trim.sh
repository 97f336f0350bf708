#!/usr/bin/env bash
# Publishes a program that uses client and server, trimmed and self-contained, with warnings as errors, and runs it. Once as a
# folder and once as a single file, which locates the platform's native libraries in a different way.
set -euo pipefail
cd "$(dirname "$0")/../.."

for single_file in false true; do
    output=artifacts/publish/trimmed
    rm -rf "$output"
    dotnet publish tests/Sockeye.TrimTest -c Release -r linux-x64 --self-contained \
        -p:PublishSingleFile="$single_file" -o "$output"
    printf 'Published: %s\n' "$(du -sh "$output" | cut -f1)"

    answer=$(timeout 60 "$output/Sockeye.TrimTest")
    echo "The trimmed program printed: $answer"
    [ "$answer" = ok ]
done
