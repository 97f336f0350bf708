using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Sockeye.Testing;

// The priority lets `ConnectAsync(new() { … })` mean options: `new()` alone converts to any type.

/// <summary>
/// A client and a server connection, connected in memory over a <see cref="WebSocketTestNetwork"/>: real opening handshake and real frames,
/// without sockets.
/// </summary>
/// <remarks>
/// <para>
/// Disposing of a pair first ends all conditions and faults of its network, then closes the client, the server and the acceptor that it
/// created. If they have not ended after <see cref="DisposeTimeout"/> of real time, for example because a handler does not return or bytes
/// were lost, they are aborted.
/// </para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed class WebSocketTestPair : IAsyncDisposable
{
    private readonly WebSocketAcceptor? _ownAcceptor;
    private readonly bool _isServed;

    private WebSocketTestPair(
        WebSocketConnection client, WebSocketConnection server, WebSocketTestNetwork network, TestAcceptor acceptor)
    {
        Client = client;
        Server = server;
        Network = network;
        Acceptor = acceptor.Acceptor;
        _ownAcceptor = acceptor.IsOwn ? acceptor.Acceptor : null;
        _isServed = acceptor.IsServed;
    }

    /// <summary>How long disposing of a pair waits for both ends to close in order: 5 seconds of real time.</summary>
    public static TimeSpan DisposeTimeout { get; } = TimeSpan.FromSeconds(5);

    /// <summary>The client's end.</summary>
    public WebSocketConnection Client { get; }

    /// <summary>The server's end. If it has a handler, or is served by a method, that receives its messages.</summary>
    public WebSocketConnection Server { get; }

    /// <summary>The network between the two.</summary>
    public WebSocketTestNetwork Network { get; }

    /// <summary>The acceptor of the server's end, for broadcasts, and for further pairs.</summary>
    public WebSocketAcceptor Acceptor { get; }

    /// <summary>Connects a pair whose test receives the messages of both ends.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the opening handshake.</param>
    /// <returns>The pair, open at both ends.</returns>
    /// <exception cref="WebSocketHandshakeException">The server rejected the request, or the opening handshake failed otherwise.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketTestPair> ConnectAsync(
        WebSocketTestPairOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return ConnectAsync(
            new TestAcceptor(new WebSocketAcceptor(ServerOptions(options)), IsOwn: true, IsServed: false), options, cancellationToken);
    }

    /// <summary>Connects a pair whose server end has a handler.</summary>
    /// <param name="handler">Receives the messages of the server's end.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the opening handshake.</param>
    /// <returns>The pair, open at both ends.</returns>
    /// <exception cref="WebSocketHandshakeException">The server rejected the request, or the opening handshake failed otherwise.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketTestPair> ConnectAsync(
        WebSocketHandler handler, WebSocketTestPairOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return ConnectAsync(
            new TestAcceptor(new WebSocketAcceptor(ServerOptions(options), handler), IsOwn: true, IsServed: true), options, cancellationToken);
    }

    /// <summary>Connects a pair whose server end is served by a method.</summary>
    /// <param name="serve">Serves the server's end, as <see cref="WebSocketHandler.FromDelegate"/> describes.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the opening handshake.</param>
    /// <returns>The pair, open at both ends.</returns>
    /// <exception cref="WebSocketHandshakeException">The server rejected the request, or the opening handshake failed otherwise.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketTestPair> ConnectAsync(
        Func<WebSocketConnection, CancellationToken, Task> serve, WebSocketTestPairOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ConnectAsync(WebSocketHandler.FromDelegate(serve), options, cancellationToken);

    /// <summary>Connects a pair whose server chooses the handler by the path of <see cref="WebSocketTestPairOptions.Address"/>.</summary>
    /// <param name="routes">The routes of the server.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the opening handshake.</param>
    /// <returns>The pair, open at both ends.</returns>
    /// <exception cref="WebSocketHandshakeException">The server rejected the request, or the opening handshake failed otherwise.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketTestPair> ConnectAsync(
        WebSocketRoutes routes, WebSocketTestPairOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return ConnectAsync(
            new TestAcceptor(new WebSocketAcceptor(ServerOptions(options), routes), IsOwn: true, IsServed: true), options, cancellationToken);
    }

    /// <summary>
    /// Connects a pair to an existing acceptor: several clients of one server, for example in one room of a chat. The acceptor is not
    /// disposed of with the pair.
    /// </summary>
    /// <param name="acceptor">The acceptor, with the options of the server.</param>
    /// <param name="options">The options, without those of the server; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the opening handshake.</param>
    /// <returns>The pair, open at both ends.</returns>
    /// <exception cref="WebSocketHandshakeException">The server rejected the request, or the opening handshake failed otherwise.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketTestPair> ConnectAsync(
        WebSocketAcceptor acceptor, WebSocketTestPairOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(acceptor);
        return ConnectAsync(new TestAcceptor(acceptor, IsOwn: false, IsServed: true), options ?? new(), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Network.Lift();
        using var timeout = new CancellationTokenSource(DisposeTimeout);
        Task client = Client.DisposeAsync().AsTask();

        // A handler must see that its peer closes. An end without one may have messages that are never received, and would not respond.
        Task server = _isServed ? client : Server.DisposeAsync().AsTask();
        await WaitAsync(Task.WhenAll(client, server), timeout.Token).ConfigureAwait(false);
        if (_ownAcceptor is not null)
        {
            // The stop of an acceptor aborts what is left when the token is canceled.
            await _ownAcceptor.StopAsync(timeout.Token).ConfigureAwait(false);
        }
        else
        {
            await WaitAsync(Server.DisposeAsync().AsTask(), timeout.Token).ConfigureAwait(false);
        }

        Client.Abort();
        Server.Abort();
        Network.Dispose();
    }

    private static async Task<WebSocketTestPair> ConnectAsync(
        TestAcceptor acceptor, WebSocketTestPairOptions options, CancellationToken cancellationToken)
    {
        WebSocketTestNetworkOptions networkOptions = options.Network with
        {
            TimeProvider = Clock(options, options.Network.TimeProvider),
        };
        var attempts = new List<(WebSocketTestNetwork Network, Task<WebSocketConnection> Server)>();
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var input = new WebSocketHandshakeInput { RemoteEndPoint = options.ClientEndPoint };
        WebSocketClientOptions clientOptions = options.Client with
        {
            TimeProvider = Clock(options, options.Client.TimeProvider),
            UseProxy = false,
            Proxy = null,
            Tls = null,
            Http2 = WebSocketHttp2Policy.Never,
            LocalEndPoint = null,
            AddressFamily = AddressFamily.Unspecified,
            Socket = SocketOptions.Default,

            // Called again after a redirect or a challenge.
            ConnectCallback = (_, _) =>
            {
                var network = new WebSocketTestNetwork(networkOptions, exemptsHandshake: !options.ImpairHandshake);
                attempts.Add((network, acceptor.Acceptor.AcceptAsync(network.ServerStream, input, abandon.Token)));
                return ValueTask.FromResult(network.ClientStream);
            },
        };
        WebSocketConnection? client = null;
        try
        {
            client = options.ClientHandler is { } handler
                ? await WebSocketClient.ConnectAsync(options.Address, handler, clientOptions, cancellationToken).ConfigureAwait(false)
                : await WebSocketClient.ConnectAsync(options.Address, clientOptions, cancellationToken).ConfigureAwait(false);
            (WebSocketTestNetwork network, Task<WebSocketConnection> accepting) = attempts[^1];
            WebSocketConnection server = await accepting.ConfigureAwait(false);
            await EndAsync(attempts.SkipLast(1)).ConfigureAwait(false);
            return new WebSocketTestPair(client, server, network, acceptor);
        }
        catch
        {
            client?.Abort();
            await abandon.CancelAsync().ConfigureAwait(false);
            await EndAsync(attempts).ConfigureAwait(false);
            if (acceptor.IsOwn)
            {
                await acceptor.Acceptor.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
            }

            throw;
        }
    }

    // Rejected attempts: the client's exception has the reason, or the client has tried again.
    private static async Task EndAsync(IEnumerable<(WebSocketTestNetwork Network, Task<WebSocketConnection> Server)> attempts)
    {
        foreach ((WebSocketTestNetwork network, Task<WebSocketConnection> accepting) in attempts)
        {
            network.Dispose();
            await ((Task)accepting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static WebSocketAcceptorOptions ServerOptions(WebSocketTestPairOptions options) =>
        options.Server with { TimeProvider = Clock(options, options.Server.TimeProvider) };

    private static TimeProvider Clock(WebSocketTestPairOptions options, TimeProvider own) =>
        own == TimeProvider.System && options.TimeProvider is { } clock ? clock : own;

    // How the connection ended is in its Closed; a timeout is followed by an abort.
    private static async Task WaitAsync(Task task, CancellationToken timeout) =>
        await task.WaitAsync(timeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    // IsServed: whether the server's end has, or may have, a handler.
    private readonly record struct TestAcceptor(WebSocketAcceptor Acceptor, bool IsOwn, bool IsServed);
}
