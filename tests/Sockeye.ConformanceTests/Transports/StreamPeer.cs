using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>The peer's end of a real connection. It reads all the time, as a peer that writes a lot must.</summary>
internal sealed class StreamPeer : IAsyncDisposable
{
    private const int ReadLength = 64 * 1024;

    private readonly Stream _stream;
    private readonly Socket _socket;
    private readonly PeerInbox _inbox;
    private readonly Task _reading;
    private bool _ended;

    public StreamPeer(Stream stream, Socket socket, PeerInbox inbox)
    {
        _stream = stream;
        _socket = socket;
        _inbox = inbox;
        _reading = Task.Run(ReadAllAsync);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline) =>
        _stream.WriteAsync(bytes, deadline);

    public async ValueTask EndAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        try
        {
            if (_stream is TlsStream secure)
            {
                await secure.EndOutputAsync();
            }
            else
            {
                _socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            // The endpoint has already closed; the runner decides whether it should have.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _reading;
    }

    private async Task ReadAllAsync()
    {
        byte[] buffer = new byte[ReadLength];
        try
        {
            int count;
            while ((count = await _stream.ReadAsync(buffer)) != 0)
            {
                _inbox.Append(buffer.AsSpan(0, count));
            }

            _inbox.End(error: null);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            _inbox.End(exception);
        }
    }
}
