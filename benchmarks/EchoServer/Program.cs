// The echo server of all comparisons: dotnet run -c Release --project benchmarks/EchoServer PORT [options]
//
//   /            sends every message back, with the handler face: in place, straight from the receive buffer
//   /async       the same with the asynchronous method of the handler: an owned message
//   /pull        the same with the pull face: await foreach
//   /work        the same as /, with 20 µs of work for each message, as an application has it
//   /broadcast   sends every message to every connection on this path
//   /deflate     as /, for clients that offer compression without context between messages
//   /deflate-takeover   the same with context
//
//   --loops N    N event loops instead of one per processor
//   --portable   no event loops: asynchronous sockets
//   --small      compresses messages of any length, not only those of 1,024 bytes or more
//   --upgrade    is asked about each opening handshake, and chooses the subprotocol "chat"
//   --inline     what follows an awaited receive runs on the I/O thread

using System.Globalization;
using System.Net;
using Sockeye;
using Sockeye.Benchmarks;

// As its peers in the comparison have it.
const int MessageLimit = 100 * 1024 * 1024;

int loopsIndex = Array.IndexOf(args, "--loops");
EventLoopOptions loops = loopsIndex < 0
    ? EventLoopOptions.Default
    : new EventLoopOptions { Count = int.Parse(args[loopsIndex + 1], CultureInfo.InvariantCulture) };

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
    // As the client asks: without context for those that want none, which is then as with PerMessageDeflateOptions.Shared.
    Compression = args.Contains("--small")
        ? PerMessageDeflateOptions.Default with { MinimumLength = 0 }
        : PerMessageDeflateOptions.Default,
    OnUpgrade = args.Contains("--upgrade") ? Decide : null,
    EventLoop = args.Contains("--portable") ? null : loops,
    Connection = new()
    {
        Limits = new() { MaxMessageLength = MessageLimit },
        RunReceiveContinuationsInline = args.Contains("--inline"),
    },
};
await using WebSocketServer server = await WebSocketServer.StartAsync(options, request => request.Path switch
{
    "/async" => echoAsync,
    "/pull" => pull,
    "/work" => work,
    "/broadcast" => broadcast,
    _ => echo,
});

Console.WriteLine($"listening on {server.LocalEndPoint}");
await Task.Delay(Timeout.Infinite);
