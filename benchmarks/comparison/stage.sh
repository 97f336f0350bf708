#!/bin/bash
# stage.sh TOOLS STAGE "SERVERS": builds the load generator, the requested servers of the tools, and Sockeye's server into
# STAGE. The tools are rebuilt only if they or the choice of servers changed; Sockeye's server always.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$1
stage=$2
servers=$3
mkdir -p "$stage/log"

# The peers' projects are not ours, so the repository's build settings must not apply to them.
for file in Directory.Build.props Directory.Build.targets Directory.Packages.props; do
  echo '<Project />' >"$stage/$file"
done

wanted=$(cd "$tools" && find . -type f -print0 | sort -z | xargs -0 sha256sum && echo "$servers")
if [ "$wanted" != "$(cat "$stage/built" 2>/dev/null || true)" ]; then
  rm -rf "$stage/tools" "$stage/servers" "$stage/built"
  cp -r "$tools" "$stage/tools"
  chmod -R u+w "$stage/tools"
  for peer in "$stage"/tools/peers/*; do
    name=$(basename "$peer")
    # The generator's setup always builds climit; kestrel-inline runs the build of kestrel.
    case " climit $servers " in
      *" $name "*) ;;
      *" kestrel-inline "*) [ "$name" = kestrel ] || rm -rf "$peer" ;;
      *) rm -rf "$peer" ;;
    esac
  done
  # The generator resumes the newest TLS session, which OpenSSL allows only once: connections that start before the next ticket
  # arrives are not resumed, and how many those are depends on when a server sends its tickets. With a stack of tickets, nearly
  # every connection is resumed. Each ticket is used once, as Deno insists, but for the last: Node.js sends none for a resumed
  # session, and accepts a copy again.
  sed -i -e 's/^static SSL_SESSION \*ticket;.*/static SSL_SESSION *tickets[4096];\nstatic int ticket_count;/' \
    -e 's/^    SSL_SESSION_free(ticket);/    if (ticket_count == 4096) SSL_SESSION_free(tickets[--ticket_count]);/' \
    -e 's/^    ticket = n;/    tickets[ticket_count++] = n;/' \
    -e 's/if (tls_resume && ticket) SSL_set_session(c->ssl, ticket);/if (tls_resume \&\& ticket_count) {\
        SSL_SESSION *s = ticket_count > 1 ? tickets[--ticket_count] : SSL_SESSION_dup(tickets[0]);\
        SSL_set_session(c->ssl, s);\
        SSL_SESSION_free(s);\
    }/' "$stage/tools/wsload.c"
  [ "$(grep -c ticket_count "$stage/tools/wsload.c")" = 5 ] ||
    echo "compare: the generator has changed; see how many sessions it resumes in wss-hsr64" >&2
  # Its errors about the peers that were removed are expected; a requested peer that is missing is detected below.
  "$stage/tools/setup.sh" "$stage" >"$stage/log/setup.log" 2>&1 || { cat "$stage/log/setup.log" >&2; exit 1; }

  # The peers, configured to compress.
  if [ -d "$stage/servers/kestrel" ]; then
    cp -r "$stage/servers/kestrel" "$stage/servers/kestrel-deflate"
    compressing='AcceptWebSocketAsync(new WebSocketAcceptContext { DangerousEnableCompression = true })'
    sed -i "s/AcceptWebSocketAsync()/$compressing/" "$stage/servers/kestrel-deflate/Program.cs"
    grep -q DangerousEnableCompression "$stage/servers/kestrel-deflate/Program.cs"
    (cd "$stage/servers/kestrel-deflate" && rm -rf out obj && dotnet publish -c Release -o out -v q --nologo >&2)
  fi
  if [ -d "$stage/servers/ws-node" ]; then
    cp -r "$stage/servers/ws-node" "$stage/servers/ws-node-deflate"
    sed -i 's/perMessageDeflate: false/perMessageDeflate: true/' "$stage/servers/ws-node-deflate/server.js"
    grep -q 'perMessageDeflate: true' "$stage/servers/ws-node-deflate/server.js"
  fi

  # The peers, with an application that decides about each opening handshake and selects a subprotocol.
  if [ -d "$stage/servers/kestrel" ]; then
    cp -r "$stage/servers/kestrel" "$stage/servers/kestrel-upgrade"
    decision='if (!await Decide(ctx)) { ctx.Response.StatusCode = 403; return; }'
    function='static ValueTask<bool> Decide(HttpContext ctx) =>
    new(ctx.Request.Headers.Origin.Count > 0 \&\& ctx.WebSockets.WebSocketRequestedProtocols.Contains("chat"));'
    sed -i -e "s/^    using var ws = await/    $decision\n&/" -e 's/AcceptWebSocketAsync()/AcceptWebSocketAsync("chat")/' \
      -e "s/^app.Run();/&\n${function//$'\n'/\\n}/" "$stage/servers/kestrel-upgrade/Program.cs"
    [ "$(grep -c '"chat"' "$stage/servers/kestrel-upgrade/Program.cs")" = 2 ]
    (cd "$stage/servers/kestrel-upgrade" && rm -rf out obj && dotnet publish -c Release -o out -v q --nologo >&2)
  fi
  if [ -d "$stage/servers/ws-node" ]; then
    cp -r "$stage/servers/ws-node" "$stage/servers/ws-node-upgrade"
    deciding='verifyClient: (info, done) => done(info.origin !== undefined),'
    choosing='handleProtocols: (offered) => offered.has("chat") ? "chat" : false,'
    sed -i "s/perMessageDeflate: false/$deciding $choosing &/" "$stage/servers/ws-node-upgrade/server.js"
    grep -q verifyClient "$stage/servers/ws-node-upgrade/server.js"
  fi
  echo "$wanted" >"$stage/built"
fi

case " $servers " in
  *" sockeye "* | *" sockeye-tls "* | *" sockeye-context-tls "* | *" sockeye-openssl-tls "*)
    rm -rf "$stage/servers/sockeye"
    dotnet publish "$root/benchmarks/EchoServer" -c Release -o "$stage/servers/sockeye/out" -v q --nologo >&2
    dotnet publish "$root/benchmarks/DeflateLoad" -c Release -o "$stage/deflate-load" -v q --nologo >&2
    cp "$root/benchmarks/comparison/run-sockeye.sh" "$stage/servers/sockeye/run.sh"

    # The same program with other options: NAME:OPTIONS. The certificate is the one that the tools made for the peers.
    # shellcheck disable=SC2016 # expands in run.sh
    secure='--tls "$(dirname "$0")/../../cert/cert.pfx"'
    for variant in "inline:--inline" "1loop:--loops 1" "2loops:--loops 2" "portable:--portable" \
      "small:--small" "upgrade:--upgrade" "tls:$secure" "context-tls:$secure --tls-context" \
      "openssl-tls:$secure --openssl"; do
      mkdir -p "$stage/servers/sockeye-${variant%%:*}"
      {
        sed '/^exec/d' "$root/benchmarks/comparison/run-sockeye.sh"
        echo "exec dotnet \"\$(dirname \"\$0\")/../sockeye/out/BenchmarkEchoServer.dll\" \"\$1\" ${variant#*:}"
      } >"$stage/servers/sockeye-${variant%%:*}/run.sh"
      chmod +x "$stage/servers/sockeye-${variant%%:*}/run.sh"
    done
    ;;
esac

# The same echo in ASP.NET Core: over Kestrel's own transport, with sockets handed over, and through AcceptWebSocketAsync.
case " $servers " in
  *" aspnet"*)
    rm -rf "$stage"/servers/aspnet*
    dotnet publish "$root/benchmarks/AspNetEchoServer" -c Release -o "$stage/servers/aspnet/out" -v q --nologo >&2
    for variant in "aspnet:" "aspnet-handover:--transport" "aspnet-dropin:--drop-in" "aspnet-dropin-handover:--drop-in --transport"; do
      mkdir -p "$stage/servers/${variant%%:*}"
      {
        sed '/^exec/d' "$root/benchmarks/comparison/run-sockeye.sh"
        echo "exec dotnet \"\$(dirname \"\$0\")/../aspnet/out/AspNetEchoServer.dll\" \"\$1\" ${variant#*:}"
      } >"$stage/servers/${variant%%:*}/run.sh"
      chmod +x "$stage/servers/${variant%%:*}/run.sh"
    done
    ;;
esac

for server in $servers; do
  if [ ! -x "$stage/servers/$server/run.sh" ]; then
    rm -f "$stage/built"
    cat "$stage/log/setup.log" >&2
    echo "compare: $server was not built" >&2
    exit 1
  fi
done
