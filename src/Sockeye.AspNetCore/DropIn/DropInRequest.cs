using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Sockeye.Protocol;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>Which requests ASP.NET Core calls WebSocket requests. It is more lenient than RFC 6455 §4.2.1.</summary>
internal static class DropInRequest
{
    private const string WebSocket = "websocket";
    private const string Version = "13";
    private const int KeyLength = 16;

    /// <summary>Whether a request is an opening handshake over HTTP/1.1 (RFC 6455 §4.2.1).</summary>
    public static bool IsUpgrade(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && Lists(request.Headers, HeaderNames.SecWebSocketVersion, Version)
        && Lists(request.Headers, HeaderNames.Upgrade, WebSocket)
        && Lists(request.Headers, HeaderNames.Connection, HeaderNames.Upgrade)
        && IsKey(request.Headers.SecWebSocketKey.ToString());

    /// <summary>Whether a request is an opening handshake over HTTP/2 (RFC 8441 §5).</summary>
    public static bool IsConnect(HttpRequest request, IHttpExtendedConnectFeature connect) =>
        HttpMethods.IsConnect(request.Method)
        && WebSocket.Equals(connect.Protocol, StringComparison.OrdinalIgnoreCase)
        && Lists(request.Headers, HeaderNames.SecWebSocketVersion, Version);

    // A value that is valid is replaced by one string for all connections: the headers live as long as the connection.
    private static bool Lists(IHeaderDictionary headers, string name, string value)
    {
        StringValues given = headers[name];
        if (given.Count == 1 && value.Equals(given[0], StringComparison.OrdinalIgnoreCase))
        {
            // What nearly every client sends, without the arrays of a list.
            headers[name] = value;
            return true;
        }

        string[] values = headers.GetCommaSeparatedValues(name);
        if (!values.Contains(value, StringComparer.OrdinalIgnoreCase))
        {
            return false;
        }

        if (values.Length == 1)
        {
            headers[name] = value;
        }

        return true;
    }

    private static bool IsKey(string value)
    {
        Span<byte> key = stackalloc byte[KeyLength];
        return value.Length == AcceptKey.KeyLength && Convert.TryFromBase64String(value, key, out int length) && length == KeyLength;
    }
}
