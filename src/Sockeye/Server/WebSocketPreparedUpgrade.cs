using Sockeye.Protocol;
using Sockeye.Server;

namespace Sockeye;

/// <summary>
/// The response to an opening handshake, for another HTTP server to write: ASP.NET Core, for example, writes the status 101
/// itself. Made by <see cref="WebSocketHandshake.PrepareAsync"/>.
/// </summary>
/// <remarks>
/// Write <see cref="StatusCode"/>, <see cref="Headers"/> and <see cref="Body"/>, once and nothing else; then, if
/// <see cref="IsAccepted"/>, give the stream behind the response to <see cref="Attach"/>. Dispose of it in any case: until it
/// is attached or disposed of, it takes one of the places that <see cref="WebSocketServerOptions.MaxConnections"/> and
/// <see cref="WebSocketServerOptions.MaxConnectionsPerAddress"/> allow. Thread-safe.
/// </remarks>
public sealed class WebSocketPreparedUpgrade : IDisposable
{
    private readonly UpgradePreparation _preparation;
    private readonly WebSocketUpgradeAcceptance? _acceptance;
    private readonly PerMessageDeflateParameters? _deflate;
    private int _isOver;

    internal WebSocketPreparedUpgrade(
        UpgradePreparation preparation, PreparedResponse response, WebSocketUpgradeRequest request, WebSocketHandshakeError error)
    {
        _preparation = preparation;
        Error = error;
        StatusCode = response.StatusCode;
        Headers = response.Headers;
        Body = response.Body;
        Request = request;
    }

    internal WebSocketPreparedUpgrade(
        UpgradePreparation preparation, PreparedResponse response, WebSocketUpgradeRequest request,
        WebSocketUpgradeAcceptance acceptance, string? subprotocol, PerMessageDeflateParameters? deflate)
        : this(preparation, response, request, WebSocketHandshakeError.None)
    {
        _acceptance = acceptance;
        _deflate = deflate;
        Subprotocol = subprotocol;
    }

    /// <summary>Whether the request is accepted: then the status is 101, and a stream is to be attached.</summary>
    public bool IsAccepted => _acceptance is not null;

    /// <summary>
    /// Why the request is refused, also if <see cref="WebSocketServerOptions.OnPlainRequest"/> has a response to it;
    /// <see cref="WebSocketHandshakeError.None"/> if it is accepted.
    /// </summary>
    public WebSocketHandshakeError Error { get; }

    /// <summary>The HTTP status to write: 101, or that of the refusal.</summary>
    public int StatusCode { get; }

    /// <summary>
    /// The headers to write, in their order, <c>Connection</c>, <c>Upgrade</c> and <c>Sec-WebSocket-Accept</c> among them; of a
    /// refusal also <c>Content-Length</c>. A name may be there more than once.
    /// </summary>
    public WebSocketHeaders Headers { get; }

    /// <summary>The body to write; empty if the request is accepted.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The subprotocol agreed on; <see langword="null"/> if there is none.</summary>
    public string? Subprotocol { get; }

    /// <summary>The request.</summary>
    public WebSocketUpgradeRequest Request { get; }

    /// <summary>Opens the connection, once the response was written.</summary>
    /// <param name="stream">
    /// The duplex stream behind the response, which allows a read and a write at the same time. It belongs to the connection
    /// from now on, and is disposed of at its end. What was read of it already is <see cref="WebSocketHandshakeInput.Received"/>.
    /// </param>
    /// <returns>
    /// The connection, whose messages can be asked for unless <see cref="WebSocketServerOptions.OnUpgrade"/> gave it a handler.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The request was refused, a stream was attached before, or the stream was given to a handshake before.
    /// </exception>
    /// <exception cref="ObjectDisposedException">This object was disposed of.</exception>
    public WebSocketConnection Attach(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (_acceptance is null)
        {
            throw new InvalidOperationException($"The request was refused with status {StatusCode}: there is no connection.");
        }

        const int attached = 1;
        int before = Interlocked.CompareExchange(ref _isOver, attached, 0);
        ObjectDisposedException.ThrowIf(before is not 0 and not attached, this);
        if (before == attached)
        {
            throw new InvalidOperationException("A stream was attached before.");
        }

        try
        {
            WebSocketHandshake.Take(stream);
            return _preparation.Open(stream, _acceptance, Subprotocol, _deflate);
        }
        catch
        {
            // Gives nothing back that the connection has taken over.
            _preparation.Release();
            throw;
        }
    }

    /// <summary>Gives up, unless a stream was attached: then the connection goes on.</summary>
    public void Dispose()
    {
        const int disposed = 2;
        if (Interlocked.CompareExchange(ref _isOver, disposed, 0) == 0)
        {
            _preparation.Release();
        }
    }
}
