using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Collections;
using Sockeye.Connections;
using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>A connection over a transport in memory, with a manual clock and a counting pool.</summary>
internal sealed class TestConnection : IConnectionHost
{
    public TestConnection(
        Role role = Role.Server, WebSocketHandler? handler = null, WebSocketConnectionOptions? options = null,
        InMemoryTransport? transport = null, ManualTimeProvider? time = null, DeflateSetup? deflate = null,
        MemoryBudget? budget = null, MemoryBudget? incomplete = null)
    {
        Role = role;
        Transport = transport ?? new InMemoryTransport();
        Time = time ?? new ManualTimeProvider();
        var settings = new ConnectionSettings(
            role, options ?? new WebSocketConnectionOptions(),
            new DeadlineWheel(Time), NullLogger.Instance, Pool,
            budget ?? new MemoryBudget(), incomplete ?? new MemoryBudget())
        {
            Codecs = deflate?.Codecs,
            Host = this,
        };
        Connection = new WebSocketConnection(Transport, settings, handler, subprotocol: null, deflate?.Agreed);
        Connection.Core.Start();
        Transport.Start();
    }

    public Role Role { get; }

    public InMemoryTransport Transport { get; }

    public ManualTimeProvider Time { get; }

    public CountingPool Pool { get; } = new();

    public WebSocketConnection Connection { get; }

    /// <summary>How often the connection told its server that it has ended.</summary>
    public int OnClosedCount { get; private set; }

    /// <summary>How it ended; it must have.</summary>
    public WebSocketCloseResult Result
    {
        get
        {
            Assert.True(Connection.Closed.IsCompleted, "The connection has not ended.");
            return Connection.Closed.GetAwaiter().GetResult();
        }
    }

    void IConnectionHost.OnClosed(IDenseSetEntry connection) => OnClosedCount++;

    void IConnectionHost.OnServed()
    {
    }

    private Role Peer => Role == Role.Server ? Role.Client : Role.Server;

    /// <summary>Makes a frame, as a client or a server sends it.</summary>
    public static byte[] FrameOf(
        Role sender, Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true, byte reservedBits = 0)
    {
        var frame = new RawFrame((RawOpcode)opcode, payload.ToArray()) { Fin = fin, ReservedBits = reservedBits };
        return new RawFrameWriter(peerIsClient: sender == Role.Client, seed: 0).Write(frame, out _);
    }

    /// <summary>A frame as the peer sends it.</summary>
    public byte[] FromPeer(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        FrameOf(Peer, opcode, payload, fin);

    /// <summary>The peer sends a frame.</summary>
    public void Receive(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        Transport.Feed(FromPeer(opcode, payload, fin));

    /// <summary>The peer sends a frame that begins a compressed message.</summary>
    public void ReceiveCompressed(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        Transport.Feed(FrameOf(Peer, opcode, payload, fin, FrameHeader.Rsv1));

    /// <summary>The peer sends a text message.</summary>
    public void Receive(string text) => Receive(Opcode.Text, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>The peer sends a Close frame; 0 for one without a code.</summary>
    public void ReceiveClose(int code = 1000, string reason = "") =>
        Receive(Opcode.Close, code == 0 ? [] : [(byte)(code >> 8), (byte)code, .. System.Text.Encoding.UTF8.GetBytes(reason)]);

    /// <summary>The frames written since the last look.</summary>
    public IReadOnlyList<RawFrame> Frames() => RawFrame.ReadAll(Transport.TakeOutput());

    /// <summary>The frames written since the last look, in short.</summary>
    public string Wire() => string.Join(", ", Frames());
}
