using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Logging;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Client;

/// <summary>Creates a connection from its transport and the negotiated parameters, after the opening handshake.</summary>
internal sealed class ClientConnectionFactory
{
    // Clients compress by default: where zlib is missing, one warning per process is enough.
    private static int HasWarned;

    private readonly WebSocketClientOptions _options;
    private readonly WebSocketHandler? _handler;

    /// <summary>
    /// Creates a factory for connections with a handler, or without one for an application that receives messages.
    /// </summary>
    public ClientConnectionFactory(WebSocketClientOptions options, WebSocketHandler? handler)
    {
        _options = options;
        _handler = handler;
        Codecs = MessageCodecs.For(options.OwnCompression);
    }

    /// <summary>The codecs; <see langword="null"/> without compression.</summary>
    public MessageCodecs? Codecs { get; }

    /// <summary>The activity of the opening handshake, if there is one.</summary>
    public ActivityContext Handshake { get; init; }

    /// <summary>Creates a connection on the event loop's transport, which it detaches from the HTTP client's stream.</summary>
    public WebSocketConnection TakeOver(
        TransportStream stream, WebSocketUpgradeResponse response, in ClientHandshakeAgreement agreement)
    {
        // Before the transport is detached: if the application's logger factory throws, the stream still closes the transport.
        ConnectionSettings settings = CreateSettings(stream.Wheel, isSecure: false);
        EventLoopTransport transport = stream.Detach(out ArraySegment<byte> unread)
            ?? throw new IOException("The server closed the connection after its response.");
        var connection = new WebSocketConnection(
            transport, settings, _handler, agreement.Subprotocol, agreement.PerMessageDeflate, response);

        // The first frames may have arrived with the response, after which the transport was paused. They are added before the
        // application gets the connection, which it might abort.
        connection.Core.Preload(unread);
        if (unread.Array is not null)
        {
            ArrayPool<byte>.Shared.Return(unread.Array);
        }

        connection.Core.Start(Handshake);
        transport.ResumeReading();
        return connection;
    }

    /// <summary>Creates a connection over TLS on the event loop's transport; the HTTP client loses both.</summary>
    public WebSocketConnection TakeOver(LoopTls tls, WebSocketUpgradeResponse response, in ClientHandshakeAgreement agreement)
    {
        ConnectionSettings settings = CreateSettings(tls.Transport.Wheel, isSecure: true);
        EventLoopTransport below = tls.Transport.Detach(out ArraySegment<byte> ciphertext)
            ?? throw new IOException("The server closed the connection after its response.");
        ReadOnlySpan<byte> plaintext = tls.Plaintext.Detach();
        tls.Witness.ForbidRenegotiation();
        var transport = new TlsTransport(below, new SslStreamEngine(tls.Ciphertext, tls.Tls), settings.Pool);
        transport.Preload(ciphertext);
        if (ciphertext.Array is not null)
        {
            ArrayPool<byte>.Shared.Return(ciphertext.Array);
        }

        var connection = new WebSocketConnection(
            transport, settings, _handler, agreement.Subprotocol, agreement.PerMessageDeflate, response);
        connection.Core.Preload(plaintext);
        connection.Core.Start(Handshake);
        transport.StartSink();
        return connection;
    }

    /// <summary>Creates a connection on the HTTP client's stream.</summary>
    public WebSocketConnection Open(
        Stream stream, ClientHop hop, bool isSecure, WebSocketUpgradeResponse response,
        in ClientHandshakeAgreement agreement)
    {
        ConnectionSettings settings = CreateSettings(DeadlineWheel.For(_options.TimeProvider), isSecure);
        ClientDialer dialer = hop.Dialer;
        Socket? plain = isSecure || hop.IsHttp2 ? null : dialer.Socket;
        var transport = new StreamTransport(
            stream,
            settings.Pool,
            dialer.LocalEndPoint,
            dialer.RemoteEndPoint,
            plain is null ? null : () => EndOutputAsync(plain),
            dialer.Socket);
        var connection = new WebSocketConnection(
            transport, settings, _handler, agreement.Subprotocol, agreement.PerMessageDeflate, response);
        connection.Core.Start(Handshake);
        transport.Start();
        return connection;
    }

    private static ValueTask EndOutputAsync(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        return default;
    }

    private ConnectionSettings CreateSettings(DeadlineWheel wheel, bool isSecure)
    {
        var logger = new GuardedLogger(_options.LoggerFactory.CreateLogger("Sockeye.Client"));
        if (Codecs is null && _options.OwnCompression.IsEnabled && Interlocked.Exchange(ref HasWarned, 1) == 0)
        {
            logger.CompressionUnavailable();
        }

        return new ConnectionSettings(
            Role.Client,
            _options.OwnConnection,
            wheel.Time == _options.TimeProvider ? wheel : DeadlineWheel.For(_options.TimeProvider),
            logger)
        {
            Codecs = Codecs,
            Scope = UpgradeScope.OfClient(isSecure),
        };
    }
}
