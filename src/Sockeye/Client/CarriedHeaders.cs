using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>The application's headers, as they are carried from request to request along redirects.</summary>
internal sealed class CarriedHeaders
{
    private const string Authorization = "Authorization";

    // What tells nobody a secret. Anything else may: a key of an API has any name.
    private static readonly string[] Harmless = ["User-Agent", "Accept", "Accept-Language", "Origin"];

    private readonly List<KeyValuePair<string, string>> _headers;
    private string? _host;

    /// <summary>Takes those of the options, with credentials.</summary>
    /// <exception cref="ArgumentException">Something of it must not be sent.</exception>
    public CarriedHeaders(WebSocketClientOptions options, string userInfo)
    {
        HandshakeFault fault = ClientRequestHeaders.Check(options.RequestHeaders);
        if (fault != HandshakeFault.None)
        {
            throw new ArgumentException($"A request header cannot be sent: {fault}.", nameof(options));
        }

        _headers = [.. options.RequestHeaders];
        _host = options.Host;
        AddCredentials(BasicCredentials.ToHeader(userInfo, options.Credentials));
    }

    /// <summary>Whether what is for the first server alone has been left behind.</summary>
    public bool HasLeftOrigin { get; private set; }

    /// <summary>
    /// Leaves behind what is for the first server alone: credentials, cookies, its name, and all that may hold a secret.
    /// </summary>
    public void LeaveOrigin()
    {
        _headers.RemoveAll(header => !Harmless.Contains(header.Key, StringComparer.OrdinalIgnoreCase));
        _host = null;
        HasLeftOrigin = true;
    }

    /// <summary>Takes user information from the address that a redirect to the same server gave, if there is none yet.</summary>
    public void AddCredentials(string? authorization)
    {
        // What the application has written itself comes before what it has put elsewhere.
        if (authorization is not null && !Has(Authorization))
        {
            _headers.Add(new(Authorization, authorization));
        }
    }

    /// <summary>Makes the next request.</summary>
    public WebSocketClientRequest CreateRequest(ClientAddress address, int redirectCount, string cookies)
    {
        var request = new WebSocketClientRequest(address.Shown, redirectCount, _host, _headers);
        if (cookies.Length != 0)
        {
            // RFC 6265 §5.4: one Cookie header.
            request.SetHeader("Cookie", request.GetHeader("Cookie") is { } own ? own + "; " + cookies : cookies);
        }

        return request;
    }

    private bool Has(string name) =>
        _headers.Exists(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
}
