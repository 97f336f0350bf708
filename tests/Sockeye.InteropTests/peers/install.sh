#!/bin/bash
# Installs the programs that Sockeye is tested against: Node.js with the libraries of package-lock.json, Debian's
# python-websockets, Chromium, reverse proxies, proxies, Apache, mosquitto, curl and OpenSSL. Does nothing where all are
# there. Needs root and apt only for what is missing.
set -euo pipefail
cd "$(dirname "$0")"

missing=()
command -v node >/dev/null && command -v npm >/dev/null || missing+=(nodejs npm)
/usr/bin/python3 -c 'import websockets' 2>/dev/null || missing+=(python3 python3-websockets)
# Servers are in /usr/sbin, which is not on everybody's PATH.
for program in apache2 chromium curl haproxy microsocks mosquitto nginx openssl tinyproxy; do
  PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || missing+=("${program/#apache2/apache2-bin}")
done

if [ ${#missing[@]} -gt 0 ]; then
  echo "installing: ${missing[*]}"
  apt_options=(-o DPkg::Lock::Timeout=300 -q -y)
  # Each test starts its own nginx: none is to run as a service, on port 80, because it was installed.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
  fi
  apt-get "${apt_options[@]}" update
  DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" install --no-install-recommends "${missing[@]}"
fi

# npm writes node_modules/.package-lock.json last: where it is newer than the lock file, the install is complete.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund
fi
