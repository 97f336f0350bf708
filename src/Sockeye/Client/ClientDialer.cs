using System.Buffers;
using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Client;

/// <summary>
/// Connects to the server or to a proxy, and keeps the details of the transport, which the HTTP client's stream does not have.
/// </summary>
internal sealed class ClientDialer(WebSocketClientOptions options, ClientAddress address, HandshakeProgress progress)
{
    /// <summary>
    /// The stream over an event loop's transport to the server or to a proxy, which can be detached; <see langword="null"/> if no
    /// event loop serves the connection.
    /// </summary>
    public TransportStream? LoopStream { get; private set; }

    /// <summary>The socket; <see langword="null"/> if there is none, or an event loop serves it.</summary>
    public Socket? Socket { get; private set; }

    /// <summary>The address of this end, if it is known.</summary>
    public EndPoint? LocalEndPoint { get; private set; }

    /// <summary>The address of the peer, or of the proxy, if it is known.</summary>
    public EndPoint? RemoteEndPoint { get; private set; }

    /// <summary>Whether a transport was connected.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Connects the transport.</summary>
    /// <param name="host">The host that the HTTP client requests: the server or a proxy.</param>
    /// <param name="isDirect">Whether the host is the server.</param>
    /// <param name="isTunnelSecure">Whether the HTTP client performs TLS with a proxy, which stays between the two.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async ValueTask<Stream> ConnectAsync(
        DnsEndPoint host, bool isDirect, bool isTunnelSecure, CancellationToken cancellationToken)
    {
        progress.Phase = WebSocketHandshakePhase.Connect;

        // A proxy may have closed an earlier connection.
        LoopStream = null;
        Stream stream;
        if (isDirect && address.SocketPath is { } path)
        {
            stream = await ConnectPathAsync(path, cancellationToken).ConfigureAwait(false);
        }
        else if (options.ConnectCallback is { } callback)
        {
            stream = await callback(new WebSocketConnectContext(address.Shown, host), cancellationToken)
                .ConfigureAwait(false)
                ?? throw new InvalidOperationException("ConnectCallback returned null instead of a stream.");
        }
        else
        {
            EndPoint[] endPoints = await ResolveAsync(host, cancellationToken).ConfigureAwait(false);
            stream = await ConnectAsync(endPoints, isDirect, isTunnelSecure, cancellationToken).ConfigureAwait(false);
        }

        IsConnected = true;
        progress.Phase = isDirect ? WebSocketHandshakePhase.Connect : WebSocketHandshakePhase.Proxy;
        return stream;
    }

    private async Task<Stream> ConnectPathAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return ClientAddress.IsPipe(path)
                ? await ConnectPipeAsync(path, cancellationToken).ConfigureAwait(false)
                : await ConnectAsync(
                    [new UnixDomainSocketEndPoint(path)], isDirect: true, isTunnelSecure: false, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
        {
            throw progress.Cause = SocketPathFailure.Create(path, exception);
        }
        catch (OperationCanceledException) when (ClientAddress.IsPipe(path))
        {
            // ConnectAsync retries while the pipe does not exist, until it is canceled.
            progress.Cause = SocketPathFailure.Create(path, new TimeoutException());
            throw;
        }
    }

    private static async Task<Stream> ConnectPipeAsync(string path, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException($"'{path}' is a named pipe, which only Windows supports.");
        }

        // \\server\pipe\name
        string[] parts = path.TrimStart('\\').Split('\\', 3);
        if (parts.Length != 3 || !parts[1].Equals("pipe", StringComparison.OrdinalIgnoreCase))
        {
            throw new IOException(@"the path of a named pipe must be \\server\pipe\name");
        }

        var pipe = new NamedPipeClientStream(parts[0], parts[2], PipeDirection.InOut, PipeOptions.Asynchronous);
        try
        {
            await pipe.ConnectAsync(cancellationToken).ConfigureAwait(false);
            return pipe;
        }
        catch
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<EndPoint[]> ResolveAsync(DnsEndPoint host, CancellationToken cancellationToken)
    {
        // A local address excludes the other family.
        AddressFamily family = options.LocalEndPoint?.AddressFamily ?? options.AddressFamily;
        if (IPAddress.TryParse(host.Host, out IPAddress? literal))
        {
            ThrowIfZoneUnknown(host.Host, literal);
            return family == AddressFamily.Unspecified || family == literal.AddressFamily
                ? [new IPEndPoint(literal, host.Port)]
                : throw new SocketException((int)SocketError.AddressFamilyNotSupported);
        }

        progress.Phase = WebSocketHandshakePhase.NameResolution;
        IPAddress[] addresses =
            await Dns.GetHostAddressesAsync(host.Host, family, cancellationToken).ConfigureAwait(false);
        progress.Phase = WebSocketHandshakePhase.Connect;
        return addresses.Length == 0
            ? throw new SocketException((int)SocketError.HostNotFound)
            : [.. addresses.Select(resolved => new IPEndPoint(resolved, host.Port))];
    }

    // Parsing drops a zone that is not the name of an interface; the system would then report "invalid argument".
    private void ThrowIfZoneUnknown(string host, IPAddress literal)
    {
        int percent = host.IndexOf('%', StringComparison.Ordinal);
        if (percent >= 0 && literal.ScopeId == 0)
        {
            throw progress.Cause = new IOException($"There is no network interface '{host[(percent + 1)..]}'.");
        }
    }

    private async Task<Stream> ConnectAsync(
        EndPoint[] endPoints, bool isDirect, bool isTunnelSecure, CancellationToken cancellationToken)
    {
        // HTTP/2, and TLS with a proxy, keep the HTTP client between the socket and the connection.
        if (options.UseEventLoop && EventLoop.IsSupported && !MayBeHttp2 && !isTunnelSecure)
        {
            EventLoop loop = EventLoopGroup.Shared.Next();
            Descriptor descriptor = await AddressRace.RunAsync(
                endPoints,
                (endPoint, token) => LoopConnector.ConnectAsync(loop, endPoint, LocalFor(endPoint), options.OwnSocket, token),
                options.TimeProvider,
                cancellationToken).ConfigureAwait(false);
            EventLoopTransport transport = LoopConnector.Serve(loop, descriptor);
            LocalEndPoint = transport.LocalEndPoint;
            RemoteEndPoint = transport.RemoteEndPoint;

            // A proxy's response comes before TLS, and the HTTP client must not read into the tunnel.
            HeadBoundary? boundary = isDirect && address.IsSecure ? null : new HeadBoundary();
            return LoopStream = new TransportStream(transport, ArrayPool<byte>.Shared, boundary);
        }

        Socket socket = await AddressRace.RunAsync(
            endPoints, ConnectSocketAsync, options.TimeProvider, cancellationToken).ConfigureAwait(false);

        // Read now: they are unavailable once the peer has disconnected.
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        Socket = socket;
        return new SocketStream(socket);
    }

    // A server cannot select HTTP/2 without TLS.
    private bool MayBeHttp2 =>
        options.Http2 == WebSocketHttp2Policy.Only || (options.Http2 == WebSocketHttp2Policy.WhenOffered && address.IsSecure);

    private async Task<Socket> ConnectSocketAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ConnectOnceAsync(endPoint, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException exception) when (
                exception.SocketErrorCode == SocketError.WouldBlock && endPoint is UnixDomainSocketEndPoint)
            {
                await BacklogRetry.WaitAsync(attempt, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<Socket> ConnectOnceAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            {
                // Frames are written whole; waiting to fill packets would only delay them.
                NoDelay = true,
            };
        try
        {
            SocketTuning.Apply(socket, options.OwnSocket);
            if (LocalFor(endPoint) is { } local)
            {
                socket.Bind(local);
            }

            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private IPEndPoint? LocalFor(EndPoint endPoint) =>
        endPoint is UnixDomainSocketEndPoint ? null : options.LocalEndPoint;
}
