using System.Net;
using System.Net.Security;

namespace Sockeye.Client;

/// <summary>
/// Sends a request by HTTP/2 (RFC 8441 §4) over a connected stream. The request is the only one on its connection, which ends
/// with it.
/// </summary>
internal sealed class ExtendedConnect : IDisposable
{
    private readonly Stream _stream;
    private readonly HttpMessageInvoker _client;
    private int _isTaken;

    /// <summary>Takes ownership of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="maxResponseHeadLength">The maximum length of a response's head, in bytes.</param>
    public ExtendedConnect(Stream stream, int maxResponseHeadLength)
    {
        _stream = stream;
        SocketsHttpHandler handler = ClientHttpHandler.Create(maxResponseHeadLength);

        // The HTTP client uses an SslStream as it is.
        handler.ConnectCallback = (_, _) => Interlocked.Exchange(ref _isTaken, 1) == 0
            ? ValueTask.FromResult(_stream)
            : throw new IOException("The server closed the connection before its response.");
        _client = new HttpMessageInvoker(handler);
    }

    /// <summary>Sends the request, once the server has offered extended CONNECT (RFC 8441 §3).</summary>
    /// <exception cref="HttpRequestException">
    /// The server does not support HTTP/2, does not offer extended CONNECT, or does not respond.
    /// </exception>
    public async Task<HttpResponseMessage> SendAsync(
        ClientAddress address, Action<HttpRequestMessage> writeHeaders, CancellationToken cancellationToken)
    {
        if (_stream is SslStream { NegotiatedApplicationProtocol: var protocol } && protocol != SslApplicationProtocol.Http2)
        {
            throw new HttpRequestException(
                HttpRequestError.VersionNegotiationError, "The server did not choose HTTP/2 in TLS (RFC 7301).");
        }

        // §5: "The scheme of the target URI MUST be 'https' for 'wss'-schemed WebSockets and 'http' for 'ws'".
        using var message = new HttpRequestMessage(HttpMethod.Connect, address.Http)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.Protocol = "websocket";
        writeHeaders(message);
        return await _client.SendAsync(message, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Disposes of the HTTP client; the connection closes once its only stream has ended.</summary>
    public void Dispose() => _client.Dispose();
}
