// The echo server of all comparisons: dotnet run -c Release --project benchmarks/EchoServer PORT [options]
//
//   /            echoes every message in a handler, in place, directly from the receive buffer
//   /async       echoes in the asynchronous method of a handler, with an owned message
//   /pull        echoes in an await foreach loop
//   /work        as /, with 20 µs of work for each message, like an application
//   /broadcast   sends every message to every connection on this path
//   /deflate     as /, for clients that offer compression without context takeover
//   /deflate-takeover   as /deflate, with context takeover
//
//   --loops N    N event loops instead of one per processor
//   --portable   no event loops: asynchronous sockets
//   --small      compresses messages of any length, not only those of 1,024 bytes or more
//   --upgrade    decides about each opening handshake in OnUpgrade, and selects the subprotocol "chat"
//   --inline     continuations of a receive run on the I/O thread
//   --telemetry  everything listens: all instruments, collected each second, and all activities
//   --tls FILE   serves wss with the certificate and key of a PKCS #12 file that has no password
//   --openssl    with --tls: OpenSSL in place does TLS, without SslStream
//   --tls-context   with --tls: passes the certificate as a context, made once, instead of as ServerCertificate

using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Sockeye;
using Sockeye.Benchmarks;

// The same limit as the peers in the comparison.
const int MessageLimit = 100 * 1024 * 1024;

int loopsIndex = Array.IndexOf(args, "--loops");
EventLoopOptions loops = loopsIndex < 0
    ? EventLoopOptions.Default
    : new EventLoopOptions { Count = int.Parse(args[loopsIndex + 1], CultureInfo.InvariantCulture) };

int tlsIndex = Array.IndexOf(args, "--tls");
using X509Certificate2? certificate = tlsIndex < 0
    ? null
    : X509CertificateLoader.LoadPkcs12FromFile(args[tlsIndex + 1], password: null);
// Protocols and cipher suites are the platform's defaults, as they are in the peers. The context is offline because the certificate has
// no issuer to look up.
SslServerAuthenticationOptions? tls = certificate is null ? null
    : args.Contains("--tls-context")
        ? new() { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true) }
        : new() { ServerCertificate = certificate };

WebSocketHandler echo = new EchoHandler();
WebSocketHandler echoAsync = new AsyncEchoHandler();
WebSocketHandler work = new WorkHandler();
WebSocketHandler broadcast = new BroadcastHandler();
WebSocketHandler pull = WebSocketHandler.FromDelegate(async (connection, cancellation) =>
{
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        await connection.SendAsync(message, cancellation);
    }
});

WebSocketUpgradeDecision accepted = new WebSocketUpgradeAcceptance { Subprotocol = "chat" };
WebSocketUpgradeDecision refused = WebSocketUpgradeDecision.Reject(403);
ValueTask<WebSocketUpgradeDecision> Decide(WebSocketUpgradeRequest request, CancellationToken cancellation) =>
    ValueTask.FromResult(request.Origin is not null && request.Subprotocols.Contains("chat") ? accepted : refused);

WebSocketServerOptions options = new()
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)),
    Tls = tls,
    TlsEngine = args.Contains("--openssl") ? WebSocketTlsEngine.OpenSsl : WebSocketTlsEngine.SslStream,
    // As the client requests: without context takeover if it requests none, which is then like PerMessageDeflateOptions.Shared.
    Compression = args.Contains("--small")
        ? PerMessageDeflateOptions.Default with { MinimumLength = 0 }
        : PerMessageDeflateOptions.Default,
    OnUpgrade = args.Contains("--upgrade") ? Decide : null,
    EventLoop = args.Contains("--portable") ? EventLoopOptions.Disabled : loops,
    Connection = new()
    {
        Limits = new() { MaxMessageLength = MessageLimit },
        RunReceiveContinuationsInline = args.Contains("--inline"),
        TraceConnection = args.Contains("--telemetry"),
    },
};
WebSocketRoutes routes = new WebSocketRoutes()
    .Map("/async", echoAsync)
    .Map("/pull", pull)
    .Map("/work", work)
    .Map("/broadcast", broadcast)
    .Map("*", echo);
using TelemetryCollector? telemetry = args.Contains("--telemetry") ? new TelemetryCollector() : null;
await using WebSocketServer server = new(options, routes);
await server.StartAsync();

Console.WriteLine($"listening on {server.LocalEndPoint}");
await Task.Delay(Timeout.Infinite);
