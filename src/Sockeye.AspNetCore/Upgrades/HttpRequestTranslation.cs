using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>
/// Turns a request of ASP.NET Core into what <see cref="WebSocketAcceptor"/> checks: the HTTP/1.1 request that the client sent or, for
/// HTTP/2, the one that has the same meaning (RFC 8441 §5).
/// </summary>
internal static class HttpRequestTranslation
{
    private const string NewLine = "\r\n";
    private const int UsualLength = 1024;

    // For the requests of a thread, one after the other.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? Heads;

    // HTTP/2 has no key: "The Sec-WebSocket-Key and Sec-WebSocket-Accept header fields are not used" (RFC 8441 §5).
    private static ReadOnlySpan<byte> UpgradeHeaders =>
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"u8;

    /// <summary>Translates a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="isExtendedConnect">Whether it is an extended CONNECT of HTTP/2.</param>
    /// <returns>The request; <see langword="null"/> if it has characters that no HTTP request has.</returns>
    public static WebSocketParsedRequest? Translate(HttpContext context, bool isExtendedConnect)
    {
        HttpRequest request = context.Request;
        string target = context.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw
            ? raw
            : request.PathBase.Add(request.Path).ToUriComponent() + request.QueryString.ToUriComponent();
        ArrayBufferWriter<byte> head = Heads ??= new ArrayBufferWriter<byte>(UsualLength);
        head.ResetWrittenCount();
        bool isValid = TryAppend(head, isExtendedConnect ? "GET" : request.Method) && TryAppend(head, " ") && TryAppend(head, target);
        head.Write(" HTTP/1.1\r\n"u8);
        foreach ((string name, StringValues values) in request.Headers)
        {
            if (isExtendedConnect && name.Equals("Sec-WebSocket-Key", StringComparison.OrdinalIgnoreCase))
            {
                // Not used (RFC 8441 §5): that of a gateway must not be a second one.
                continue;
            }

            foreach (string? value in values)
            {
                isValid &= TryAppend(head, name) && TryAppend(head, ": ") && TryAppend(head, value) && TryAppend(head, NewLine);
            }
        }

        if (isExtendedConnect)
        {
            head.Write(UpgradeHeaders);
        }

        head.Write("\r\n"u8);
        return isValid ? WebSocketParsedRequest.Of(head.WrittenSpan.ToArray()) : null;
    }

    // As it was received: ASP.NET Core decodes values as UTF-8 by default. A line end would begin another header.
    private static bool TryAppend(ArrayBufferWriter<byte> head, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        if (!ReferenceEquals(text, NewLine) && text.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            return false;
        }

        Encoding.UTF8.GetBytes(text, head);
        return true;
    }
}
