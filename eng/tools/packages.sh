#!/usr/bin/env bash
# Creates the packages and installs them as a user would: into new projects, from a folder, with an empty package cache. The
# projects contain the programs of the README, which then connect to each other.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap end EXIT

for name in Sockeye Sockeye.AspNetCore Sockeye.Hosting Sockeye.Testing; do
    dotnet pack "src/$name" -c Release -o "$work/feed"
done
ls "$work/feed"

for name in Sockeye Sockeye.AspNetCore Sockeye.Hosting Sockeye.Testing; do
    package=$(ls "$work/feed/$name".[0-9]*.nupkg)
    [ -f "${package%.nupkg}.snupkg" ] || { echo "$name has no symbols."; exit 1; }
    python3 - "$package" "$name" <<'PYTHON'
import re, sys, zipfile
path, name = sys.argv[1:]
package = zipfile.ZipFile(path)
symbols = zipfile.ZipFile(path.removesuffix(".nupkg") + ".snupkg")
nuspec = package.read(f"{name}.nuspec").decode()
readme = package.read("README.md").decode()
names = package.namelist()
faults = []
for needed in ('<license type="expression">MIT</license>', "<readme>README.md</readme>", '<repository type="git" url="https://',
               "<projectUrl>https://", "<description>", "<tags>"):
    if needed not in nuspec:
        faults.append(f"no {needed} in {nuspec}")
for needed in (f"lib/net10.0/{name}.dll", f"lib/net10.0/{name}.xml"):
    if needed not in names:
        faults.append(f"no {needed} in {names}")
if f"lib/net10.0/{name}.pdb" not in symbols.namelist():
    faults.append(f"no symbols in {symbols.namelist()}")
links = re.findall(r"\]\(([^)\s]+)\)", readme)
faults += [f"the link {link} is relative" for link in links if not link.startswith("https://")]
if not links or "using Sockeye;" not in readme:
    faults.append("the readme is not that of the repository")
print("\n".join(faults) or f"{name}: {len(names)} files, {len(links)} absolute links")
sys.exit(bool(faults))
PYTHON
done

# The only sources are the folder and the third-party packages that the build has already restored; not packages of ours, of the same
# version, that someone has installed before.
others=$work/restored
mkdir "$others"
for folder in "${NUGET_PACKAGES:-$HOME/.nuget/packages}"/*; do
    case $(basename "$folder") in sockeye | sockeye.*) ;; *) ln -s "$folder" "$others" ;; esac
done
cat > "$work/nuget.config" <<XML
<configuration>
  <packageSources><clear /><add key="folder" value="$work/feed" /></packageSources>
  <fallbackPackageFolders><clear /><add key="restored" value="$others" /></fallbackPackageFolders>
</configuration>
XML
export NUGET_PACKAGES=$work/cache

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')

# program NAME NUMBER: creates a project from the README's program with that number
program() {
    dotnet new console -o "$work/$1" > /dev/null
    awk -v number="$2" '/^```csharp$/ { count++; inside = count == number; next } /^```$/ { inside = 0 } inside' README.md |
        sed "s/8080/$port/" > "$work/$1/Program.cs"
    create "$1" Sockeye
}

# create NAME PACKAGE: builds the project of that name with a package
create() {
    (cd "$work/$1" && dotnet add package "$2" && dotnet build -c Release -o "$work/$1/out") > "$work/$1.log" 2>&1 ||
        { cat "$work/$1.log"; exit 1; }
}

# A program with the test kit alone, which brings the library.
dotnet new console -o "$work/Pair" > /dev/null
cat > "$work/Pair/Program.cs" <<'CSHARP'
using Sockeye;
using Sockeye.Testing;

await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync();
await pair.Client.SendAsync("something");
Console.WriteLine((await pair.Server.ReceiveAsync())?.GetText());
CSHARP
create Pair Sockeye.Testing
answer=$(timeout 60 "$work/Pair/out/Pair")
echo "The installed test kit printed: $answer"
[ "$answer" = something ]

# A worker, with the host of the build's packages.
dotnet new console -o "$work/Worker" > /dev/null
cat > "$work/Worker/Program.cs" <<'CSHARP'
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sockeye;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
builder.Services.AddSockeyeServer(
    "one", (connection, _) => connection.SendAsync("hosted").AsTask(), o => o with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) });
using IHost host = builder.Build();
await host.StartAsync();
var server = host.Services.GetRequiredKeyedService<WebSocketServer>("one");
await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
Console.WriteLine((await client.ReceiveAsync())?.GetText());
await host.StopAsync();
CSHARP
(cd "$work/Worker" && dotnet add package Microsoft.Extensions.Hosting --version 10.0.0) > "$work/Worker.log" 2>&1 ||
    { cat "$work/Worker.log"; exit 1; }
create Worker Sockeye.Hosting
answer=$(timeout 60 "$work/Worker/out/Worker")
echo "The installed host printed: $answer"
[ "$answer" = hosted ]

program Server 1
program Client 2
"$work/Server/out/Server" > "$work/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    grep -q Listening "$work/server.log" && break
    kill -0 "$server" || { cat "$work/server.log"; exit 1; }
    sleep 0.1
done
answer=$(timeout 60 "$work/Client/out/Client")
echo "The installed client printed: $answer"
[ "$answer" = something ]
# Not INT, which background processes of a shell without job control ignore.
kill -TERM "$server"
wait "$server"
server=
