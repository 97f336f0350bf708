using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using Sockeye.Protocol;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Client;

/// <summary>Sends one request, and reads the head of its response, on its own transport.</summary>
internal sealed class ClientHop : IDisposable
{
    // Allows a second connection to a proxy that closed the first after requiring credentials (RFC 9110 §11.7.1).
    private const int MaxProxyConnections = 2;

    private readonly WebSocketClientOptions _options;
    private readonly ClientAddress _address;
    private readonly HandshakeProgress _progress;
    private readonly WebSocketHttp2Policy _http2;
    private readonly SslClientAuthenticationOptions? _tls;
    private readonly CancellationToken _attemptToken;
    private readonly HttpMessageInvoker _client;
    private readonly AddressedProxy _proxy;
    private ExtendedConnect? _extendedConnect;
    private Stream? _http2Stream;
    private Stream? _proxyStream;
    private Stream? _tunnel;
    private ResponseStream? _response;
    private int _proxyConnections;
    private bool _isSending;
    private volatile bool _isSecured;
    private volatile string? _clientCertificate;

    /// <summary>Prepares a request.</summary>
    public ClientHop(
        WebSocketClientOptions options, ClientAddress address, HandshakeProgress progress, WebSocketHttp2Policy http2,
        bool hasLeftOrigin, CancellationToken attemptToken)
    {
        _options = options;
        _address = address;
        _progress = progress;
        _progress.Reset();
        _http2 = http2;
        _tls = hasLeftOrigin ? ClientTls.WithoutClientCertificate(options.Tls) : options.Tls;
        _attemptToken = attemptToken;
        Dialer = new ClientDialer(options, address, progress);

        // §4.1 (7): "a nonce consisting of a randomly selected 16-byte value", "for each connection".
        Key = CreateKey();
        _proxy = new AddressedProxy(options.Proxy ?? HttpClient.DefaultProxy, address.Uri);
        _client = new HttpMessageInvoker(CreateHandler());
    }

    /// <summary>The key that the response must match.</summary>
    public string Key { get; }

    /// <summary>Creates an unpredictable key.</summary>
    public static string CreateKey() =>
        ClientHandshake.CreateKey(RandomNumberGenerator.GetBytes(ClientHandshake.NonceLength));

    /// <summary>Connects the transport.</summary>
    public ClientDialer Dialer { get; }

    /// <summary>Whether the request uses HTTP/2: the server chose it in TLS, or the policy allows nothing else.</summary>
    public bool IsHttp2 => _http2Stream is not null;

    /// <summary>Whether the server sent too many interim responses.</summary>
    public bool HasTooManyInterimResponses => _response?.HasTooMany == true;

    /// <summary>Whether the server responded to a request without TLS with a TLS record.</summary>
    public bool HasTlsResponse => !_address.IsSecure && _response?.IsTls == true;

    /// <summary>
    /// What a server that ended before its response may not have liked about the client's certificate; <see langword="null"/> if it
    /// responded, or without TLS. In TLS 1.3 a client has completed its handshake before the server checks that (RFC 8446 §4.4.2),
    /// and not every server sends an alert.
    /// </summary>
    public string? CertificateDoubt =>
        !_isSecured || _response?.HasBegun != false ? null
        : _clientCertificate is { } name ? $"perhaps because the server rejects the client's certificate {PeerText.Quote(name)}"
        : "perhaps because the server requires a client certificate: none was sent";

    /// <summary>TLS over an event loop's transport; <see langword="null"/> if there is none.</summary>
    public LoopTls? LoopTls { get; private set; }

    /// <summary>Whether the connection to the server uses TLS.</summary>
    public bool IsSecure => _address.IsSecure;

    /// <summary>Sends the request.</summary>
    /// <returns>The response, whose body has not been read: a response that opens a connection has none.</returns>
    public async Task<HttpResponseMessage> SendAsync(
        WebSocketClientRequest request, PerMessageDeflateOptions? compression)
    {
        // The HTTP client always sees the scheme ws, so that it requests a tunnel from a proxy (§4.1) instead of the page.
        // SecureAsync starts TLS, in the tunnel if there is one.
        var target = new UriBuilder(_address.Uri) { Scheme = Uri.UriSchemeWs, Port = _address.Uri.Port };
        using var message = new HttpRequestMessage(HttpMethod.Get, target.Uri)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        ClientRequestHeaders.Write(message.Headers, Key, request, _address, _options, compression);
        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(message, _attemptToken).ConfigureAwait(false);
        }
        catch (HttpRequestException) when (_http2Stream is not null)
        {
            // This HTTP/1.1 request was never sent: it was given an empty stream so that the HTTP/2 request can use the
            // connection.
            response = await SendByHttp2Async(_http2Stream, request, compression).ConfigureAwait(false);
        }

        _progress.Phase = WebSocketHandshakePhase.Validation;
        return response;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _extendedConnect?.Dispose();
        if (!_isSending)
        {
            // The HTTP client would continue its exchange with a proxy for seconds.
            _proxyStream?.Dispose();
        }

        if (LoopTls is not { Witness.HasRenegotiated: true })
        {
            // Nothing else ends the HTTP client's part of the tunnel. Below it is the transport, which the connection has taken.
            _tunnel?.Dispose();
        }

        if (_extendedConnect is null)
        {
            // The attempt was canceled between the two requests.
            _http2Stream?.Dispose();
        }
    }

    private async Task<HttpResponseMessage> SendByHttp2Async(
        Stream stream, WebSocketClientRequest request, PerMessageDeflateOptions? compression)
    {
        _extendedConnect = new ExtendedConnect(stream, _options.MaxResponseHeadLength);
        try
        {
            return await _extendedConnect.SendAsync(
                _address,
                message => ClientRequestHeaders.Write(
                    message.Headers, key: null, request, _address, _options, compression),
                _attemptToken).ConfigureAwait(false);
        }
        catch
        {
            // Close the stream now: the HTTP client may never have taken it, and would otherwise close it later.
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = ClientHttpHandler.Create(_options.MaxResponseHeadLength);

        // A Unix socket or named pipe is connected to directly.
        handler.UseProxy = _options.UseProxy && _address.SocketPath is null;
        handler.Proxy = _proxy;
        handler.ConnectCallback = ConnectAsync;
        handler.PlaintextStreamFilter = SecureAsync;
        return handler;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken token)
    {
        // If the server closed the connection before its response, the HTTP client would send the same request again, several
        // times; but §4.1 (7): "The nonce MUST be selected randomly for each connection". A proxy may need a second connection.
        // Which of them it is, the end point does not tell: a proxy may have the address of the server.
        bool isDirect = _proxy.Found is null;
        ThrowIfRepeated(_isSending || (isDirect && Dialer.IsConnected));
        if (!isDirect && ++_proxyConnections > MaxProxyConnections)
        {
            throw new IOException("The proxy closed the connection before its response.");
        }

        // After the attempt was canceled, the HTTP client would continue to connect for seconds, in case another request needs
        // the connection. Here there is no other request.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(token, _attemptToken);
        DnsEndPoint host = isDirect ? new(_address.ConnectHost, context.DnsEndPoint.Port) : context.DnsEndPoint;
        Stream stream = await Dialer.ConnectAsync(host, isDirect, _proxy.IsSecure, either.Token).ConfigureAwait(false);
        _proxyStream = isDirect ? null : stream;
        await ThrowIfCanceledAsync(stream).ConfigureAwait(false);
        return stream;
    }

    private async ValueTask<Stream> SecureAsync(
        SocketsHttpPlaintextStreamFilterContext context, CancellationToken token)
    {
        if (context.InitialRequestMessage.Method == HttpMethod.Connect)
        {
            return new ResponseStream(context.PlaintextStream, isToConnect: true);
        }

        ThrowIfRepeated(_isSending);
        _isSending = true;
        Stream stream = context.PlaintextStream;
        bool isHttp2 = _http2 == WebSocketHttp2Policy.Only;
        if (_address.IsSecure)
        {
            _progress.Phase = WebSocketHandshakePhase.Tls;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(token, _attemptToken);

            // Not over the stream of a tunnel: that the HTTP client has read nothing behind the proxy's response is what
            // HeadBoundary is for.
            CiphertextStream? ciphertext = Dialer.LoopStream is null ? null : new CiphertextStream(Dialer.LoopStream);
            _tunnel = ciphertext is null || stream == Dialer.LoopStream ? null : stream;
            var witness = new TlsWitness(ciphertext ?? stream);
            SslStream tls = await ClientTls.AuthenticateAsync(
                witness, _tls, _address.Uri.IdnHost, _http2 != WebSocketHttp2Policy.Never, _progress, either.Token)
                .ConfigureAwait(false);
            isHttp2 |= tls.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2;
            stream = tls;
            _isSecured = true;
            _clientCertificate = tls.LocalCertificate?.Subject;
            if (ciphertext is null)
            {
                witness.StopRecording();
            }
            else
            {
                witness.StopRecording(tls.SslProtocol);
                var plaintext = new BoundedStream(tls, new HeadBoundary());
                LoopTls = new LoopTls(Dialer.LoopStream!, ciphertext, witness, tls, plaintext);
                stream = plaintext;
            }
        }

        _progress.Phase = WebSocketHandshakePhase.Response;
        if (!isHttp2)
        {
            return _response = new ResponseStream(stream);
        }

        // The HTTP client expects HTTP/1.1, so that it requests a tunnel from a proxy even for ws. Its writes are discarded.
        _http2Stream = stream;
        await ThrowIfCanceledAsync(stream).ConfigureAwait(false);
        return Stream.Null;
    }

    // If the attempt is over, this object may already be disposed of, and nothing else would close the stream.
    private async ValueTask ThrowIfCanceledAsync(Stream stream)
    {
        if (_attemptToken.IsCancellationRequested)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            _attemptToken.ThrowIfCancellationRequested();
        }
    }

    private void ThrowIfRepeated(bool isRepeated)
    {
        if (isRepeated)
        {
            _progress.Phase = WebSocketHandshakePhase.Response;
            throw new IOException("The server closed the connection before its response.");
        }
    }
}
