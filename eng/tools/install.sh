#!/usr/bin/env bash
# Installs the peer programs of the tests if they are missing, and prints the versions that the gate runs on.
set -euo pipefail
cd "$(dirname "$0")/../.."

peers=tests/Sockeye.InteropTests/peers/install.sh
if [ -f "$peers" ]; then
    bash "$peers"
fi

echo ".NET SDK $(dotnet --version), Node.js $(node --version), $(uname -sm), $(nproc) cores"
