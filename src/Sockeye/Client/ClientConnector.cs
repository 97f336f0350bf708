using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Client;

/// <summary>One attempt to open a connection: an HTTP request, a check of the answer, a connection over its stream.</summary>
internal sealed class ClientConnector
{
    // A refusal's body is for people to read; more of it helps nobody.
    private const int MaxBodyLength = 64 * 1024;
    private const int MaxResponseHeadKiB = 16;

    // Clients compress unless told otherwise: where zlib is missing, not each connection is to say so.
    private static int HasWarned;

    private readonly WebSocketClientOptions _options;
    private readonly Uri _address;
    private readonly string _key;
    private readonly MessageCodecs? _codecs;
    private readonly CancellationToken _userToken;
    private Socket? _socket;
    private TransportStream? _loopStream;
    private bool _isConnected;
    private EndPoint? _localEndPoint;
    private EndPoint? _remoteEndPoint;

    private ClientConnector(WebSocketClientOptions options, Uri address, CancellationToken userToken)
    {
        _options = options;
        _address = address;
        _userToken = userToken;
        _codecs = MessageCodecs.For(options.Compression);

        // §4.1 (7): "a nonce consisting of a randomly selected 16-byte value".
        _key = ClientHandshake.CreateKey(RandomNumberGenerator.GetBytes(ClientHandshake.NonceLength));
    }

    /// <summary>Opens a connection.</summary>
    public static async Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketClientOptions options, WebSocketHandler? handler, CancellationToken cancellationToken)
    {
        Uri checkedAddress = ClientAddress.ToWebSocket(address);
        ClientRequestHeaders.Check(options);
        var connector = new ClientConnector(options, checkedAddress, cancellationToken);
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await connector.ConnectAsync(handler, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new WebSocketHandshakeException(HandshakeError.TimedOut, null, [], default, exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            HandshakeError error =
                timeout.IsCancellationRequested ? HandshakeError.TimedOut : connector.ErrorOf(exception);
            throw new WebSocketHandshakeException(error, null, [], default, exception);
        }
    }

    private HandshakeError ErrorOf(Exception exception)
    {
        HttpRequestError error = exception switch
        {
            HttpRequestException request => request.HttpRequestError,
            HttpIOException response => response.HttpRequestError,
            _ => HttpRequestError.Unknown,
        };
        return error switch
        {
            // Once a connection was there, another one is not made: what fails then is the first.
            HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError when _remoteEndPoint is null =>
                HandshakeError.NotReachable,
            HttpRequestError.SecureConnectionError => HandshakeError.TlsFailed,
            HttpRequestError.InvalidResponse => HandshakeError.MalformedResponse,
            HttpRequestError.ConfigurationLimitExceeded => HandshakeError.HeadTooLong,
            _ => HandshakeError.ConnectionLost,
        };
    }

    private async Task<WebSocketConnection> ConnectAsync(WebSocketHandler? handler, CancellationToken cancellationToken)
    {
        using var client = new HttpMessageInvoker(CreateHandler(cancellationToken));
        using var request = new HttpRequestMessage(HttpMethod.Get, _address)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        ClientRequestHeaders.Write(request.Headers, _key, _options, _codecs?.Options);

        HttpResponseMessage response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            ClientHandshakeAgreement agreement = await CheckAsync(response, cancellationToken).ConfigureAwait(false);
            if (_loopStream is not null)
            {
                WebSocketConnection connection = TakeOver(_loopStream, handler, agreement);
                response.Dispose();
                return connection;
            }

            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return Open(stream, handler, agreement);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private SocketsHttpHandler CreateHandler(CancellationToken attemptToken) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        MaxResponseHeadersLength = MaxResponseHeadKiB,
        SslOptions = _options.Tls ?? new(),

        // The connection of a refusal is not used again: nothing is gained by reading the rest of its body.
        MaxResponseDrainSize = 0,
        ConnectCallback = async (context, token) =>
        {
            // Left to itself, the HTTP client goes on connecting for seconds when the attempt has been given up: another
            // request might want the connection. Here there is no other.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(token, attemptToken);
            return await ConnectSocketAsync(context, either.Token).ConfigureAwait(false);
        },
    };

    private async ValueTask<Stream> ConnectSocketAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // The HTTP client would send the same request again, several times, if the server closed before it answered;
        // but §4.1 (7): "The nonce MUST be selected randomly for each connection". A proxy may need a second connection.
        bool isDirect = context.DnsEndPoint.Host == _address.IdnHost && context.DnsEndPoint.Port == _address.Port;
        if (isDirect && _isConnected)
        {
            throw new IOException("The server closed the connection before it answered.");
        }

        // With TLS, or what a proxy may want, the stream is more than the socket.
        if (isDirect && _options.UseEventLoop && EventLoop.IsSupported && _address.Scheme == Uri.UriSchemeWs)
        {
            EventLoopTransport transport = await LoopConnector.ConnectAsync(
                EventLoopGroup.Shared.Next(), context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            _isConnected = true;
            _localEndPoint = transport.LocalEndPoint;
            _remoteEndPoint = transport.RemoteEndPoint;
            return _loopStream = new TransportStream(transport, ArrayPool<byte>.Shared);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
        {
            // Frames are written whole; waiting to fill packets would only delay them.
            NoDelay = true,
        };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);

            // Now, since a peer that goes takes them with it.
            _localEndPoint = socket.LocalEndPoint;
            _remoteEndPoint = socket.RemoteEndPoint;
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _socket = socket;
        _isConnected |= isDirect;
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task<ClientHandshakeAgreement> CheckAsync(
        HttpResponseMessage response, CancellationToken cancellationToken)
    {
        KeyValuePair<string, string>[] headers =
        [
            .. from header in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
               from value in header.Value
               select KeyValuePair.Create(header.Key, value),
        ];
        HandshakeError error = ClientHandshake.Check(
            (int)response.StatusCode,
            response.Version,
            HeaderFields.FromPairs(headers),
            new ClientHandshakeExpectations
            {
                Key = _key,
                Subprotocols = _options.Subprotocols,
                AllowMissingSubprotocol = _options.AllowMissingSubprotocol,
                PerMessageDeflate = _codecs?.Options.ToRules(),
            },
            out ClientHandshakeAgreement agreement);
        if (error == HandshakeError.None)
        {
            return agreement;
        }

        byte[] body = error == HandshakeError.UnexpectedStatusCode
            ? await ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false)
            : [];
        _userToken.ThrowIfCancellationRequested();
        throw new WebSocketHandshakeException(error, (int)response.StatusCode, headers, body);
    }

    private static async Task<byte[]> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        byte[] body = new byte[MaxBodyLength];
        int length = 0;
        try
        {
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            int read = -1;
            while (length < body.Length && read != 0)
            {
                read = await stream.ReadAsync(body.AsMemory(length), cancellationToken).ConfigureAwait(false);
                length += read;
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // A body cut short, or one that does not end in time, is still an answer whose status says what there is
            // to say.
        }

        return body[..length];
    }

    private WebSocketConnection TakeOver(
        TransportStream stream, WebSocketHandler? handler, in ClientHandshakeAgreement agreement)
    {
        // While the transport is the stream's still, and closed with it: the application's logger factory may throw.
        ConnectionSettings settings = CreateSettings(stream.Wheel);
        EventLoopTransport transport = stream.Detach(out ArraySegment<byte> unread)
            ?? throw new IOException("The server closed the connection behind its answer.");
        var connection = new WebSocketConnection(
            transport, settings, handler, agreement.Subprotocol, agreement.PerMessageDeflate);

        // The first frames may have come with the answer. The transport is paused since then. Before the application
        // knows of the connection, which it might abort.
        connection.Core.Preload(unread);
        if (unread.Array is not null)
        {
            ArrayPool<byte>.Shared.Return(unread.Array);
        }

        connection.Core.Start();
        transport.ResumeReading();
        return connection;
    }

    private WebSocketConnection Open(
        Stream stream, WebSocketHandler? handler, in ClientHandshakeAgreement agreement)
    {
        ConnectionSettings settings = CreateSettings(DeadlineWheel.For(_options.TimeProvider));
        Socket? plain = _address.Scheme == Uri.UriSchemeWs ? _socket : null;
        var transport = new StreamTransport(
            stream,
            settings.Pool,
            _localEndPoint,
            _remoteEndPoint,
            plain is null ? null : () => EndOutputAsync(plain));
        var connection = new WebSocketConnection(
            transport, settings, handler, agreement.Subprotocol, agreement.PerMessageDeflate);
        connection.Core.Start();
        transport.Start();
        return connection;
    }

    private ConnectionSettings CreateSettings(DeadlineWheel wheel)
    {
        var logger = new GuardedLogger(_options.LoggerFactory.CreateLogger("Sockeye.Client"));
        if (_codecs is null && _options.Compression is not null && Interlocked.Exchange(ref HasWarned, 1) == 0)
        {
            logger.CompressionUnavailable();
        }

        return new ConnectionSettings(
            Role.Client,
            _options.Connection,
            wheel.Time == _options.TimeProvider ? wheel : DeadlineWheel.For(_options.TimeProvider),
            logger)
        {
            Codecs = _codecs,
        };
    }

    private static ValueTask EndOutputAsync(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        return default;
    }
}
