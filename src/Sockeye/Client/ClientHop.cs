using System.Net;
using System.Security.Cryptography;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>One request and the head of its answer, over a transport of their own.</summary>
internal sealed class ClientHop : IDisposable
{
    private const int MaxResponseHeadKiB = 16;

    // One more for a proxy that closes the connection on which it has asked for credentials (RFC 9110 §11.7.1).
    private const int MaxProxyConnections = 2;

    private readonly WebSocketClientOptions _options;
    private readonly ClientAddress _address;
    private readonly HandshakeProgress _progress;
    private readonly CancellationToken _attemptToken;
    private readonly HttpMessageInvoker _client;
    private int _proxyConnections;
    private bool _isSending;

    /// <summary>Prepares a request.</summary>
    public ClientHop(
        WebSocketClientOptions options, ClientAddress address, HandshakeProgress progress, CancellationToken attemptToken)
    {
        _options = options;
        _address = address;
        _progress = progress;
        _attemptToken = attemptToken;
        Dialer = new ClientDialer(options, address, progress);

        // §4.1 (7): "a nonce consisting of a randomly selected 16-byte value", "for each connection".
        Key = ClientHandshake.CreateKey(RandomNumberGenerator.GetBytes(ClientHandshake.NonceLength));
        _client = new HttpMessageInvoker(CreateHandler());
    }

    /// <summary>The key that the answer must belong to.</summary>
    public string Key { get; }

    /// <summary>What has connected.</summary>
    public ClientDialer Dialer { get; }

    /// <summary>Sends the request.</summary>
    /// <returns>The answer, whose body has not been read: what opened the connection has none.</returns>
    public async Task<HttpResponseMessage> SendAsync(
        WebSocketClientRequest request, PerMessageDeflateOptions? compression)
    {
        // The scheme of the HTTP client's request is always ws, which makes it ask a proxy for a tunnel (§4.1) instead of
        // for the page; TLS is begun here, inside.
        var target = new UriBuilder(_address.Uri) { Scheme = Uri.UriSchemeWs, Port = _address.Uri.Port };
        using var message = new HttpRequestMessage(HttpMethod.Get, target.Uri)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        ClientRequestHeaders.Write(message.Headers, Key, request, _address, _options, compression);
        HttpResponseMessage response = await _client.SendAsync(message, _attemptToken).ConfigureAwait(false);
        _progress.Phase = WebSocketHandshakePhase.Validation;
        return response;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        MaxResponseHeadersLength = MaxResponseHeadKiB,

        // Whoever gives the transport, or names a socket, has said how to get there.
        UseProxy = _options.UseProxy && _address.SocketPath is null,
        Proxy = new AddressedProxy(_options.Proxy ?? HttpClient.DefaultProxy, _address.Uri),

        // The connection of a refusal is not used again: nothing is gained by reading the rest of its body.
        MaxResponseDrainSize = 0,
        ConnectCallback = ConnectAsync,
        PlaintextStreamFilter = SecureAsync,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken token)
    {
        // The HTTP client would send the same request again, several times, if the server closed before it answered;
        // but §4.1 (7): "The nonce MUST be selected randomly for each connection". A proxy may need a second connection.
        bool isDirect = context.DnsEndPoint.Host == _address.Uri.IdnHost && context.DnsEndPoint.Port == _address.Uri.Port;
        ThrowIfAgain(isDirect && Dialer.IsConnected);
        if (!isDirect && ++_proxyConnections > MaxProxyConnections)
        {
            throw new IOException("The proxy closed the connection before it answered.");
        }

        // Left to itself, the HTTP client goes on connecting for seconds when the attempt has been given up: another
        // request might want the connection. Here there is no other.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(token, _attemptToken);
        return await Dialer.ConnectAsync(context.DnsEndPoint, isDirect, either.Token).ConfigureAwait(false);
    }

    private async ValueTask<Stream> SecureAsync(
        SocketsHttpPlaintextStreamFilterContext context, CancellationToken token)
    {
        if (context.InitialRequestMessage.Method == HttpMethod.Connect)
        {
            return context.PlaintextStream;
        }

        ThrowIfAgain(_isSending);
        _isSending = true;
        Stream stream = context.PlaintextStream;
        if (_address.IsSecure)
        {
            _progress.Phase = WebSocketHandshakePhase.Tls;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(token, _attemptToken);
            stream = await ClientTls.AuthenticateAsync(stream, _options.Tls, _address.Uri.IdnHost, either.Token)
                .ConfigureAwait(false);
        }

        _progress.Phase = WebSocketHandshakePhase.Response;
        return stream;
    }

    private void ThrowIfAgain(bool isAgain)
    {
        if (isAgain)
        {
            _progress.Phase = WebSocketHandshakePhase.Response;
            throw new IOException("The server closed the connection before it answered.");
        }
    }
}
