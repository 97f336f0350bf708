#!/usr/bin/env bash
# Installs the programs that tests talk to, where they are missing: a browser, python-websockets, npm packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v chromium > /dev/null || missing+=(chromium)
dpkg -s python3-websockets > /dev/null 2>&1 || missing+=(python3-websockets)

if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # Another program may hold the lock for a while: wait for it, then say so.
    apt=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -qq)
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" > /dev/null
fi

if [ -f tests/Sockeye.InteropTests/peers/install.sh ]; then
    bash tests/Sockeye.InteropTests/peers/install.sh
fi

echo ".NET SDK $(dotnet --version), Node.js $(node --version), $(uname -sm), $(nproc) cores"
