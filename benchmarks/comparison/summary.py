#!/usr/bin/env python3
"""summary.py RAW.jsonl STAGE: one Markdown row per cell and server, medians over the rounds.

Ratios are medians of the ratios inside each round, because only servers measured side by side compare. For the cells
of idle connections, and those called mem, the figure is resident bytes per connection, after one echo on each. Cells over
TLS are compared with servers over TLS; lines below the table say what they negotiated. Fails if a server has no figure in
a cell.
"""

import json
import pathlib
import platform
import statistics
import subprocess
import sys
from collections import defaultdict

COST = {"I": ("touched_bytes_per_conn", "B/connection"), "M": ("resident_bytes_per_conn", "B/connection")}
CPU = ("srv_cpu_us_per_msg", "µs/message")
# The servers that the others are compared with, and the suffixes of their variants in the phases that need one.
LIMIT, INCUMBENT, NODE = "climit", "kestrel", "ws-node"
SUFFIXES = {"D": "-deflate", "M": "-deflate", "H": "-upgrade"}
SECURE_CELL, SECURE_SERVER = "wss-", "-tls"


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "none"


def package_version(stage, server, package):
    for folder in (server, server + SECURE_SERVER):
        manifest = pathlib.Path(stage, "servers", folder, "node_modules", package, "package.json")
        if manifest.exists():
            return json.loads(manifest.read_text())["version"]
    return None


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def heading(stage):
    here = str(pathlib.Path(__file__).parent)
    versions = [f".NET {first_line('dotnet', '--version')} SDK"]
    for server, package in (("ws-node", "ws"), ("websocket-node", "websocket")):
        if version := package_version(stage, server, package):
            versions.append(f"{package} {version} on Node.js {first_line('node', '--version')}")
    for server, package, name in (("bun", "@oven/bun-linux-x64", "Bun"), ("deno", "@deno/linux-x64-glibc", "Deno")):
        if version := package_version(stage, server, package):
            versions.append(f"{name} {version}")
    versions.append(f"Sockeye {first_line('git', '-C', here, 'rev-parse', '--short', 'HEAD')}")
    return f"{processor()}, Linux {platform.release()}; {', '.join(versions)}. Server on core 0, load on core 1."


def median_of(rounds, field):
    values = [sample[field] for sample in rounds.values() if sample.get(field) is not None]
    return statistics.median(values) if values else None


def ratio(rounds, base_rounds, field):
    ratios = [
        rounds[number][field] / base_rounds[number][field]
        for number in rounds
        if rounds[number].get(field) and base_rounds.get(number, {}).get(field)
    ]
    return statistics.median(ratios) if ratios else None


def wrong(sample):
    """Returns what went wrong in one measurement: lost connections, or echoes that differ from the message."""
    fields = ("errors", "bad_len", "bad_op", "bad_data", "closed_by_peer")
    return sum(sample.get(field, 0) for field in fields) + ("error" in sample)


def number(value, digits=2):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"


def bases(variant, cell):
    """Returns the servers that the others are compared with in a cell."""
    if cell.startswith(SECURE_CELL):
        return LIMIT + SECURE_SERVER, INCUMBENT + SECURE_SERVER, NODE + SECURE_SERVER
    suffix = SUFFIXES.get(variant, "")
    return LIMIT, INCUMBENT + suffix, NODE + suffix


def negotiated(samples):
    """Returns lines with what the servers over TLS selected, and the share of sessions that were resumed where they could be."""
    selected = defaultdict(set)
    resumed = defaultdict(lambda: defaultdict(list))
    for (_, cell), servers in samples.items():
        for server, rounds in servers.items():
            for sample in filter(lambda sample: sample.get("tls"), rounds.values()):
                selected[sample["tls"]].add(server)
                if cell.startswith(SECURE_CELL + "hsr"):
                    resumed[cell][server].append(100 * sample["tls_resumed"] / sample["tls_handshakes"])
    lines = [f"{protocol}: {', '.join(sorted(servers))}." for protocol, servers in selected.items()]
    for cell, servers in resumed.items():
        shares = [f"{server} {statistics.median(values):.0f} %" for server, values in servers.items()]
        lines.append(f"Sessions resumed in {cell}: {', '.join(shares)}.")
    if lines:
        lines.insert(0, f"The system has {first_line('openssl', 'version')}.")
    return lines


def main(raw, stage):
    samples = defaultdict(lambda: defaultdict(dict))
    for line in pathlib.Path(raw).read_text().splitlines():
        sample = json.loads(line)
        samples[(sample["variant"], sample["cell"])][sample["server"]][sample["round"]] = sample

    print(heading(stage) + "\n")
    print("| cell | server | cost | unit | × C | × Kestrel | × ws | wire B | messages/s | p50 µs | p99 µs | rounds | errors |")
    print("|---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    missing = []
    order = list(dict.fromkeys(server for servers in samples.values() for server in servers))
    for (variant, cell), servers in samples.items():
        field, unit = COST.get(variant, CPU)
        limit, incumbent, node = bases(variant, cell)
        for server in filter(servers.__contains__, order):
            rounds = servers[server]
            cost = median_of(rounds, field)
            if cost is None:
                missing.append(f"{server} in {cell}")
            row = [
                cell,
                server,
                number(cost, 3),
                unit,
                number(ratio(rounds, servers.get(limit, {}), field)),
                number(ratio(rounds, servers.get(incumbent, {}), field)),
                number(ratio(rounds, servers.get(node, {}), field)),
                number(median_of(rounds, "wire_bytes_per_msg"), 0),
                number(median_of(rounds, "msg_s"), 0),
                number(median_of(rounds, "p50_us"), 0),
                number(median_of(rounds, "p99_us"), 0),
                str(len(rounds)),
                str(sum(wrong(sample) for sample in rounds.values())),
            ]
            print("| " + " | ".join(row) + " |")
    for line in negotiated(samples):
        print("\n" + line)
    if missing:
        print(f"compare: no figure for {', '.join(missing)}", file=sys.stderr)
    return 1 if missing or not samples else 0


sys.exit(main(*sys.argv[1:]))
