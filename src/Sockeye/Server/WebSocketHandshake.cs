using System.Runtime.CompilerServices;
using Sockeye.Server;
using Sockeye.Transports;

namespace Sockeye;

/// <summary>The opening handshake of a server without the server: on a stream that comes from elsewhere.</summary>
public static class WebSocketHandshake
{
    // What the connections of the same options share is made once.
    private static readonly ConditionalWeakTable<WebSocketServerOptions, ServerContext> Contexts = [];

    private static readonly ConditionalWeakTable<Stream, object> Taken = [];

    /// <summary>Reads a request from a stream, answers it, and opens a connection (RFC 6455 §4.2).</summary>
    /// <param name="stream">
    /// Any duplex stream that allows a read and a write at the same time. It belongs to the connection from now on, and is
    /// disposed of at its end; also if there is none.
    /// </param>
    /// <param name="options">
    /// The server's options, all but those about listening and accepting. Make them once: what connections share is kept with
    /// them.
    /// </param>
    /// <param name="input">What is known already of the stream and its request.</param>
    /// <param name="cancellationToken">Ends the wait, and drops the stream.</param>
    /// <returns>
    /// The connection, whose messages can be asked for unless <see cref="WebSocketServerOptions.OnUpgrade"/> gave it a handler.
    /// </returns>
    /// <remarks>
    /// The response, its status line included, is written to the stream: if another HTTP server writes it, as ASP.NET Core does,
    /// use <see cref="PrepareAsync"/>. Caps count the connections of the same options object. No server lists these connections, reaches them by its broadcasts or
    /// closes them when it stops: that is for whoever accepts them.
    /// </remarks>
    /// <exception cref="WebSocketHandshakeException">
    /// The request was refused, with the status that the exception has: thrown when the client has it and the stream is closed.
    /// </exception>
    /// <exception cref="InvalidOperationException">The stream was given to this method before.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static async Task<WebSocketConnection> AcceptAsync(
        Stream stream, WebSocketServerOptions options, WebSocketHandshakeInput? input = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        ServerContext context = ContextOf(options);
        Take(stream);

        input ??= new WebSocketHandshakeInput();

        // A copy: it is read when there is room for it, which may be after this method, and the caller's buffer is the caller's.
        byte[] first = [.. input.Request?.Head ?? [], .. input.Received.Span];
        var transport = new StreamTransport(
            first.Length == 0 ? stream : new PrefixedStream(first, stream), options.Pool, input.LocalEndPoint, input.RemoteEndPoint);
        var detached = new DetachedUpgrade();
        var session = new ServerHandshakeSession(
            context, context.SettingsOn(context.Wheel, input.IsSecure), transport, detached);
        context.Pending.Enter(session);
        session.Start();
        using CancellationTokenRegistration canceling = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                detached.OnCanceled(token);
                session.Abandon();
            },
            state: null);
        return await detached.Outcome.ConfigureAwait(false);
    }

    /// <summary>
    /// Checks a request that another HTTP server has read, and prepares the response for that server to write
    /// (RFC 6455 §4.2): use this where <see cref="AcceptAsync"/> would write a second 101, as on the stream of ASP.NET Core's
    /// <c>IHttpUpgradeFeature</c>.
    /// </summary>
    /// <param name="options">
    /// The server's options, all but those about listening and accepting. Make them once: what connections share is kept with
    /// them.
    /// </param>
    /// <param name="input">
    /// The request, and what else is known of its connection; <see cref="WebSocketHandshakeInput.Received"/> is read before the
    /// stream that is attached.
    /// </param>
    /// <param name="cancellationToken">
    /// Ends the wait for <see cref="WebSocketServerOptions.OnUpgrade"/>; nothing is left behind.
    /// </param>
    /// <returns>
    /// The response, a refusal or 101. It must be disposed of; see <see cref="WebSocketPreparedUpgrade.Attach"/> for what comes
    /// after the 101.
    /// </returns>
    /// <remarks>
    /// Nothing is written. Refusals are logged and told to <see cref="WebSocketServerOptions.OnHandshakeFailed"/> as if this server
    /// had answered. Caps and connections are as for <see cref="AcceptAsync"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">The input has no request.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketPreparedUpgrade> PrepareAsync(
        WebSocketServerOptions options, WebSocketHandshakeInput input, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(input);
        if (input.Request is null)
        {
            throw new ArgumentException("A request is needed.", nameof(input));
        }

        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<WebSocketPreparedUpgrade>(cancellationToken)
            : new UpgradePreparation(ContextOf(options), input).RunAsync(cancellationToken);
    }

    /// <summary>Notes that a stream has had its opening handshake.</summary>
    /// <exception cref="InvalidOperationException">It had one before.</exception>
    internal static void Take(Stream stream)
    {
        if (!Taken.TryAdd(stream, stream))
        {
            throw new InvalidOperationException("A stream has one opening handshake.");
        }
    }

    private static ServerContext ContextOf(WebSocketServerOptions options) =>
        Contexts.GetValue(options, static options => new ServerContext(options, handler: null));
}
