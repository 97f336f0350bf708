using System.Buffers;
using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>A transport, and the raw stream at its other end.</summary>
internal sealed class TransportPair : IDisposable
{
    private readonly Socket? _peerSocket;
    private readonly Stream? _ownStream;

    private TransportPair(Transport transport, Stream peer, Socket? peerSocket = null, Stream? ownStream = null)
    {
        Transport = transport;
        Peer = peer;
        _peerSocket = peerSocket;
        _ownStream = ownStream;
    }

    /// <summary>The transport under test.</summary>
    public Transport Transport { get; }

    /// <summary>Its other end.</summary>
    public Stream Peer { get; }

    /// <summary>Whether one direction can be ended while the other goes on.</summary>
    public bool CanEndOneDirection => _peerSocket is not null;

    /// <summary>Connects a transport of a kind to a raw stream.</summary>
    public static async Task<TransportPair> CreateAsync(TransportKind kind, ArrayPool<byte>? pool = null)
    {
        pool ??= ArrayPool<byte>.Shared;
        if (kind == TransportKind.Pipe)
        {
            (Stream own, Stream peer) = await ConnectPipesAsync();
            return new TransportPair(new StreamTransport(own, pool), peer, ownStream: own);
        }

        (Socket socket, Socket peerSocket) =
            kind == TransportKind.EventLoopUnix ? await ConnectUnixSocketsAsync() : await ConnectSocketsAsync();
        switch (kind)
        {
            case TransportKind.EventLoop or TransportKind.EventLoopUnix:
                return new TransportPair(
                    socket.ToTransport(), new NetworkStream(peerSocket, ownsSocket: true), peerSocket);
            case TransportKind.ServerPipe:
                return new TransportPair(SocketPipe.Over(socket, pool), new NetworkStream(peerSocket, ownsSocket: true), peerSocket);
            case TransportKind.Socket:
                return new TransportPair(
                    new SocketTransport(socket, pool), new NetworkStream(peerSocket, ownsSocket: true), peerSocket);
            case TransportKind.Stream:
                var stream = new NetworkStream(socket, ownsSocket: true);
                return new TransportPair(
                    new StreamTransport(stream, pool, endOutput: () => EndOutput(socket)),
                    new NetworkStream(peerSocket, ownsSocket: true), peerSocket, stream);
            case TransportKind.TlsEventLoop or TransportKind.OpenSslEventLoop:
                var client = new TlsStream(peerSocket);
                Task<TlsTransport> securing = kind == TransportKind.OpenSslEventLoop
                    ? socket.ToTransport().SecureByOpenSslAsync(pool)
                    : socket.ToTransport().SecureAsync(secure => secure.AuthenticateAsServerAsync(TestCertificate.ForServer()), pool);
                await client.AuthenticateAsync(
                    secure => secure.AuthenticateAsClientAsync(TestCertificate.ForClient()), default).WithDeadline();
                return new TransportPair(await securing.WithDeadline(), client, peerSocket);
            default:
                var tls = new TlsStream(socket);
                var peerTls = new TlsStream(peerSocket);
                await Task.WhenAll(
                    tls.AuthenticateAsync(
                        secure => secure.AuthenticateAsServerAsync(TestCertificate.ForServer()), default),
                    peerTls.AuthenticateAsync(
                        secure => secure.AuthenticateAsClientAsync(TestCertificate.ForClient()), default)).WithDeadline();
                var transport = new StreamTransport(
                    tls, pool, endOutput: tls.EndOutputAsync, socket: socket);
                return new TransportPair(transport, peerTls, peerSocket, tls);
        }
    }

    /// <summary>
    /// Two connected TCP sockets with buffers small enough to fill, which have not done anything asynchronous yet.
    /// </summary>
    public static async Task<(Socket One, Socket Other)> ConnectSocketsAsync()
    {
        (Socket one, Socket other) = await ConnectAsync(new IPEndPoint(IPAddress.Loopback, 0), ProtocolType.Tcp);
        one.NoDelay = true;
        other.NoDelay = true;
        return (one, other);
    }

    /// <summary>Two connected Unix sockets, with no name in the file system.</summary>
    public static Task<(Socket One, Socket Other)> ConnectUnixSocketsAsync() =>
        ConnectAsync(new UnixDomainSocketEndPoint($"\0sockeye-{Guid.NewGuid():N}"), ProtocolType.Unspecified);

    /// <summary>Two ends of a named pipe.</summary>
    public static async Task<(Stream One, Stream Other)> ConnectPipesAsync()
    {
        string name = "sockeye-" + Guid.NewGuid().ToString("N");
        var one = new NamedPipeServerStream(
            name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        var other = new NamedPipeClientStream(".", name, PipeDirection.InOut, PipeOptions.Asynchronous);
        Task waiting = one.WaitForConnectionAsync();
        await other.ConnectAsync().WithDeadline();
        await waiting.WithDeadline();
        return (one, other);
    }

    /// <summary>The peer ends its direction, and goes on reading.</summary>
    public async Task EndPeerOutputAsync()
    {
        if (Peer is TlsStream tls)
        {
            await tls.EndOutputAsync();
        }
        else if (_peerSocket is null)
        {
            await Peer.DisposeAsync();
        }
        else
        {
            _peerSocket.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>The peer disconnects, with a reset if the transport supports it.</summary>
    public void ResetPeer()
    {
        if (_peerSocket is not null)
        {
            _peerSocket.LingerState = new LingerOption(enable: true, seconds: 0);
            _peerSocket.Dispose();
        }

        Peer.Dispose();
    }

    public void Dispose()
    {
        Transport.Abort(error: null);
        Peer.Dispose();
        _peerSocket?.Dispose();
        _ownStream?.Dispose();
    }

    private static async Task<(Socket One, Socket Other)> ConnectAsync(EndPoint endPoint, ProtocolType protocol)
    {
        using var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        listener.Bind(endPoint);
        listener.Listen();
        var other = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);

        // The backlog takes the connection: this does not wait.
        other.Connect(listener.LocalEndPoint!);
        return (await listener.AcceptAsync().WithDeadline(), other);
    }

    private static ValueTask EndOutput(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        return default;
    }
}
