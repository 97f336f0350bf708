using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Server.Listening;

/// <summary>A client on an asynchronous socket.</summary>
/// <param name="socket">The socket, which is owned.</param>
/// <param name="pool">The pool that buffers are rented from.</param>
internal sealed class SocketTlsClient(Socket socket, ArrayPool<byte> pool) : TlsClient
{
    private TlsStream? _stream;

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint => socket.LocalEndPoint;

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => socket.RemoteEndPoint;

    /// <inheritdoc/>
    public override TlsOpening? Opening => _stream?.Witness.Opening;

    /// <inheritdoc/>
    public override async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override Task AuthenticateAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        _stream = new TlsStream(socket);
        return _stream.AuthenticateAsync(stream => selection.AuthenticateAsync(stream, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public override Transport Secure() =>
        new StreamTransport(_stream!, pool, LocalEndPoint, RemoteEndPoint, _stream!.EndOutputAsync, socket);

    /// <inheritdoc/>
    public override Transport? Expose()
    {
        _stream?.ReleaseSocket();
        _stream?.Dispose();
        try
        {
            return new SocketTransport(socket, pool);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stream?.Dispose();
        socket.Dispose();
    }
}
