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
    // HTTP/2 has no key: "The Sec-WebSocket-Key and Sec-WebSocket-Accept header fields are not used" (RFC 8441 §5).
    private const string AnyKey = "AAAAAAAAAAAAAAAAAAAAAA==";

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
        List<KeyValuePair<string, string>> headers = new(request.Headers.Count + 3);
        foreach ((string name, StringValues values) in request.Headers)
        {
            foreach (string? value in values)
            {
                headers.Add(new(name, AsReceived(value ?? "")));
            }
        }

        if (isExtendedConnect)
        {
            headers.Add(new("Connection", "Upgrade"));
            headers.Add(new("Upgrade", "websocket"));
            headers.Add(new("Sec-WebSocket-Key", AnyKey));
        }

        try
        {
            return new WebSocketParsedRequest(isExtendedConnect ? "GET" : request.Method, target, [.. headers]);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // ASP.NET Core decodes values as UTF-8 by default; Sockeye keeps bytes.
    private static string AsReceived(string value) =>
        Ascii.IsValid(value) ? value : Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(value));
}
