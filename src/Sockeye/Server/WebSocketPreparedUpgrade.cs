using System.Buffers;
using System.Net;
using Sockeye.Server.Handshakes;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye;

/// <summary>
/// The response to an opening handshake, for another HTTP server to write: ASP.NET Core, for example, writes the status 101
/// itself. Returned by <see cref="WebSocketAcceptor.PrepareAsync"/>.
/// </summary>
/// <remarks>
/// Write <see cref="StatusCode"/>, <see cref="Headers"/> and <see cref="Body"/> once, and nothing else; then, if
/// <see cref="IsAccepted"/>, pass the stream after the response to <see cref="Attach"/>. Always dispose of it: until a stream is attached or
/// it is disposed of, it counts towards <see cref="WebSocketAcceptorOptions.MaxConnections"/> and
/// <see cref="WebSocketAcceptorOptions.MaxConnectionsPerAddress"/>. Thread-safe.
/// </remarks>
public sealed class WebSocketPreparedUpgrade : IDisposable
{
    private readonly UpgradePreparation _preparation;
    private readonly AcceptedUpgrade? _accepted;
    private int _isOver;

    internal WebSocketPreparedUpgrade(
        UpgradePreparation preparation, PreparedResponse response, WebSocketUpgradeRequest request, WebSocketHandshakeError error)
    {
        _preparation = preparation;
        Error = error;
        Response = response;
        Request = request;
    }

    internal WebSocketPreparedUpgrade(
        UpgradePreparation preparation, PreparedResponse response, WebSocketUpgradeRequest request, in AcceptedUpgrade accepted)
        : this(preparation, response, request, WebSocketHandshakeError.None)
    {
        _accepted = accepted;
        Subprotocol = accepted.Subprotocol;
    }

    /// <summary>Whether the request is accepted: then the status is 101, and the caller attaches a stream.</summary>
    public bool IsAccepted => _accepted is not null;

    /// <summary>
    /// Why the request is rejected, even if <see cref="WebSocketAcceptorOptions.OnPlainRequest"/> has responded to it;
    /// <see cref="WebSocketHandshakeError.None"/> if it is accepted.
    /// </summary>
    public WebSocketHandshakeError Error { get; }

    /// <summary>The HTTP status to write: 101, or that of the rejection.</summary>
    public int StatusCode => Response.StatusCode;

    /// <summary>
    /// The headers to write, in order, including <c>Connection</c>, <c>Upgrade</c> and <c>Sec-WebSocket-Accept</c>, and
    /// <c>Content-Length</c> for a rejection. A name may occur more than once.
    /// </summary>
    public WebSocketHeaders Headers => Response.Headers;

    /// <summary>The body to write; empty if the request is accepted.</summary>
    public ReadOnlyMemory<byte> Body => Response.Body;

    /// <summary>The negotiated subprotocol; <see langword="null"/> for none.</summary>
    public string? Subprotocol { get; }

    /// <summary>The request.</summary>
    public WebSocketUpgradeRequest Request { get; }

    /// <summary>The handler that the decision of the application names; <see langword="null"/> if it names none.</summary>
    internal WebSocketHandler? Handler => _accepted?.Acceptance.Handler;

    /// <summary>Opens the connection, after the response was written.</summary>
    /// <param name="stream">
    /// The duplex stream after the response, which allows a read and a write at the same time. The connection owns it from now on, and
    /// disposes of it at its end. Bytes that were read already are passed as <see cref="WebSocketHandshakeInput.Received"/>.
    /// </param>
    /// <returns>
    /// The connection. If it has no handler, the caller receives its messages.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// The request was rejected, a stream was attached before, the stream was passed to an acceptor before, or the acceptor has been stopped.
    /// </exception>
    /// <exception cref="ObjectDisposedException">This object was disposed of.</exception>
    public WebSocketConnection Attach(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return AttachOnce((stream, _preparation), static (of, accepted) =>
        {
            WebSocketAcceptor.Use(of.stream);
            try
            {
                return of._preparation.Open(of._preparation.TransportOf(of.stream), accepted);
            }
            catch (InvalidOperationException)
            {
                of.stream.Dispose();
                throw;
            }
        });
    }

    /// <summary>
    /// Sets what receives the messages of the connection, unless the decision of the application names another handler; before it is opened.
    /// </summary>
    internal void UseHandler(WebSocketHandler handler) => _preparation.UseHandler(handler);

    /// <summary>The response.</summary>
    internal PreparedResponse Response { get; }

    /// <summary>Where a transport of the connection rents its buffers.</summary>
    internal ArrayPool<byte> Pool => _preparation.Pool;

    /// <summary>The local address of the request, if known.</summary>
    internal EndPoint? LocalEndPoint => _preparation.LocalEndPoint;

    /// <summary>The address of the peer, if known.</summary>
    internal EndPoint? RemoteEndPoint => _preparation.RemoteEndPoint;

    /// <summary>Opens the connection over a transport, after the response was written.</summary>
    /// <exception cref="InvalidOperationException">As for a stream. The transport is unchanged.</exception>
    internal WebSocketConnection AttachTransport(Transport transport) =>
        AttachOnce((transport, _preparation), static (of, accepted) => of._preparation.Open(of.transport, accepted));

    /// <summary>Opens the connection on the event loop of a transport that another sink has started. Loop thread only.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="received">What that sink has received and not used.</param>
    /// <exception cref="InvalidOperationException">As for a stream.</exception>
    internal WebSocketConnection AttachOnLoop(EventLoopTransport transport, byte[] received) => AttachOnce(
        (transport, received, _preparation),
        static (of, accepted) => of._preparation.OpenOnLoop(of.transport, of.received, accepted));

    /// <summary>Abandons the handshake, unless a stream was attached: then the connection continues.</summary>
    public void Dispose()
    {
        const int disposed = 2;
        if (Interlocked.CompareExchange(ref _isOver, disposed, 0) == 0)
        {
            _preparation.Release();
        }
    }

    private WebSocketConnection AttachOnce<T>(T argument, Func<T, AcceptedUpgrade, WebSocketConnection> open)
    {
        if (_accepted is not { } accepted)
        {
            throw new InvalidOperationException($"The request was rejected with status {StatusCode}: there is no connection.");
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
            return open(argument, accepted);
        }
        catch
        {
            // Does nothing if the connection has taken the place over.
            _preparation.Release();
            throw;
        }
    }
}
