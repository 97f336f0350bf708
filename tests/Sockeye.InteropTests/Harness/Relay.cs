using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Forwards bytes between a client and a server, and detects which messages are compressed.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _server;
    private readonly Task _running;

    public Relay(Uri server)
    {
        _server = server;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = new UriBuilder(server) { Port = ((IPEndPoint)_listener.LocalEndPoint!).Port }.Uri;
        _running = RunAsync();
    }

    /// <summary>Where the client connects.</summary>
    public Uri Address { get; }

    /// <summary>What the client has sent.</summary>
    public Direction FromClient { get; } = new();

    /// <summary>What the server has sent.</summary>
    public Direction FromServer { get; } = new();

    /// <summary>Asserts that both ends sent compressed messages with RSV1 only on the first frame (RFC 7692 §6).</summary>
    public void AssertCompressed(int atLeast)
    {
        foreach (Direction direction in new[] { FromClient, FromServer })
        {
            Assert.True(direction.CompressedCount >= atLeast, $"{direction.CompressedCount} messages were compressed.");
            Assert.Equal(0, direction.MisplacedCount);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        using Socket client = await _listener.AcceptAsync(_end.Token);
        using Socket server = new(SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(_server.Host, _server.Port, _end.Token);
        await Task.WhenAll(PassOnAsync(client, server, FromClient), PassOnAsync(server, client, FromServer));
    }

    private async Task PassOnAsync(Socket from, Socket to, Direction direction)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and int length)
        {
            direction.Note(buffer.AsSpan(0, length));
            for (int sent = 0; sent < length;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), _end.Token);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }

    /// <summary>The frames in one direction: their first bytes (RFC 6455 §5.2), behind the head of the handshake.</summary>
    internal sealed class Direction
    {
        private readonly List<byte> _pending = [];
        private bool _isPastHead;
        private long _payloadLeft;

        /// <summary>How many messages began with RSV1: they are compressed (RFC 7692 §6).</summary>
        public int CompressedCount { get; private set; }

        /// <summary>The number of frames with RSV1 that do not begin a message; it must be 0.</summary>
        public int MisplacedCount { get; private set; }

        public void Note(ReadOnlySpan<byte> bytes)
        {
            foreach (byte value in bytes)
            {
                if (_payloadLeft > 0)
                {
                    _payloadLeft--;
                    continue;
                }

                _pending.Add(value);
                if (!_isPastHead)
                {
                    _isPastHead = _pending is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'];
                    if (_isPastHead)
                    {
                        _pending.Clear();
                    }
                }
                else if (_pending.Count >= 2 && _pending.Count == HeaderLength())
                {
                    NoteFrame();
                }
            }
        }

        private int HeaderLength() =>
            2 + ((_pending[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 }) + ((_pending[1] & 0x80) == 0 ? 0 : 4);

        private void NoteFrame()
        {
            byte[] header = [.. _pending];
            _pending.Clear();
            _payloadLeft = (header[1] & 0x7F) switch
            {
                126 => BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)),
                127 => (long)BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(2)),
                int length => length,
            };
            bool isCompressed = (header[0] & 0x40) != 0;
            bool beginsMessage = (header[0] & 0x0F) is 1 or 2;
            CompressedCount += beginsMessage && isCompressed ? 1 : 0;
            MisplacedCount += !beginsMessage && isCompressed ? 1 : 0;
        }
    }
}
