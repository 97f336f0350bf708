using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Server;
using Sockeye.Server.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>The memory of an idle server connection, and of its opening handshake.</summary>
// Alone, since it measures the heap of the whole process.
[CollectionDefinition(nameof(ServerHandshakeMemoryTests), DisableParallelization = true)]
[Collection(nameof(ServerHandshakeMemoryTests))]
public sealed class ServerHandshakeMemoryTests(ITestOutputHelper output)
{
    private const int ConnectionCount = 8_000;

    // The send side has 96 of it; the transport is not in it.
    private const int MaxLengthAtRest = 484;
    private const int MaxGarbage = 180;

    private static readonly SilentHandler Handler = new();

    private static readonly PeerNetwork Network = PeerNetwork.Of(IPAddress.Loopback);

    private static readonly byte[] Head =
    [
        .. "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"u8,
        .. "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"u8,
    ];

    private readonly ServerContext _context = new(
        new WebSocketServerOptions { TimeProvider = new ManualTimeProvider(), LoggerFactory = NullLoggerFactory.Instance },
        Handler);

    [Fact]
    public void An_idle_connection_of_a_server_takes_484_bytes_and_180_more_to_open()
    {
        InMemoryTransport[] transports =
            [.. Enumerable.Range(0, 2 * ConnectionCount).Select(_ => new InMemoryTransport { KeepsOutput = false })];
        Open(transports.AsSpan(0, ConnectionCount));

        // The first half warms up.
        long heapBefore = GC.GetTotalMemory(forceFullCollection: true);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Open(transports.AsSpan(ConnectionCount));
        double allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)ConnectionCount;
        double kept = (GC.GetTotalMemory(forceFullCollection: true) - heapBefore) / (double)ConnectionCount;

        output.WriteLine($"{allocated} bytes allocated, {kept} of them kept");
        Assert.InRange(kept, 1, MaxLengthAtRest);
        Assert.InRange(allocated, kept, MaxLengthAtRest + MaxGarbage);
        Assert.Equal(2 * ConnectionCount, _context.Connections.Count);
        GC.KeepAlive(transports);
    }

    private void Open(Span<InMemoryTransport> transports)
    {
        foreach (InMemoryTransport transport in transports)
        {
            var opening = new ServerHandshakeSession(_context, _context.SettingsOn(_context.Wheel, isSecure: false), transport);
            _context.Pending.Enter(opening, Network);
            opening.Start();
            ITransportSink session = transport.Sink;
            session.OnReceived(Head);
            Assert.NotSame(session, transport.Sink);
        }
    }

    private sealed class SilentHandler : WebSocketHandler;
}
