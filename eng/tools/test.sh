#!/usr/bin/env bash
# Runs a test command, and writes "N passed, N failed" to the file that SOCKEYE_TEST_SUMMARY names.
set -uo pipefail
cd "$(dirname "$0")/../.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A test that hangs must not block the gate forever.
timeout --kill-after=10 900 "$@" 2>&1 < /dev/null | tee "$log"
code=${PIPESTATUS[0]}

# The last count of each kind covers the whole run.
count() { sed -nE "s/^ +$1: ([0-9]+)$/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded)
failed=$(count failed)
if [ -z "$passed" ] || [ -z "$failed" ]; then
    echo "The test run ended without a summary."
    exit 1
fi

# The end of a long log is what is read of it.
if [ "$failed" -ne 0 ]; then
    printf '\nFailed tests:\n'
    awk '/^failed /{ left = 12 } left-- > 0' "$log" | cut -c 1-300 | head -n 150
fi

echo "$passed passed, $failed failed" > "${SOCKEYE_TEST_SUMMARY:-/dev/stdout}"
if [ "$passed" -eq 0 ]; then
    echo "No test ran."
    exit 1
fi
exit "$code"
