using System.Net;

namespace Sockeye.Client;

/// <summary>The application's headers, as they are carried from request to request along redirects.</summary>
internal sealed class CarriedHeaders
{
    private const string Authorization = "Authorization";

    // Headers that never hold a secret. Any other may: the header of an API key can have any name.
    private static readonly string[] Harmless = ["User-Agent", "Accept", "Accept-Language", "Origin"];

    private readonly bool _hasCredentials;
    private WebSocketHeaders _headers;
    private string? _host;
    private NetworkCredential? _ofAddress;

    /// <summary>Takes those of the options, with credentials.</summary>
    /// <exception cref="ArgumentException">Something of it must not be sent.</exception>
    public CarriedHeaders(WebSocketClientOptions options, ClientAddress address)
    {
        _headers = options.RequestHeaders;
        _host = options.Host;
        if (options.Credentials is NetworkCredential own && !BasicCredentials.AreValid(own))
        {
            throw new ArgumentException(BasicCredentials.Rule, nameof(options));
        }

        if (!BasicCredentials.AreValid(address.UserInfo))
        {
            throw new ArgumentException(BasicCredentials.Rule, nameof(address));
        }

        _hasCredentials = options.Credentials is not null;
        Take(BasicCredentials.Read(address.UserInfo));
        if (options.PreAuthenticate && !_headers.Contains(Authorization) && FindCredential(options, address, "Basic") is { } credential)
        {
            if (!BasicCredentials.AreValid(credential))
            {
                throw new ArgumentException(BasicCredentials.Rule, nameof(options));
            }

            AddAuthorization(credential);
        }
    }

    /// <summary>The Authorization header that goes out unasked; <see langword="null"/> if there is none but the application's.</summary>
    public string? OwnAuthorization { get; private set; }

    /// <summary>Whether what is for the first server alone has been left behind.</summary>
    public bool HasLeftOrigin { get; private set; }

    /// <summary>
    /// Leaves behind what is for the first server alone: credentials, cookies, its name, and all that may hold a secret.
    /// </summary>
    public void LeaveOrigin()
    {
        _headers = [.. _headers.Where(header => Harmless.Contains(header.Key, StringComparer.OrdinalIgnoreCase))];
        _host = null;
        _ofAddress = null;
        OwnAuthorization = null;
        HasLeftOrigin = true;
    }

    /// <summary>
    /// Takes the user information of a redirect to the same server, unless the application has given credentials in any way: a
    /// server does not choose who the client is.
    /// </summary>
    public void TakeFromRedirect(NetworkCredential? ofLocation)
    {
        if (!_hasCredentials)
        {
            Take(ofLocation);
        }
    }

    /// <summary>Who the client is to a server that asks for a scheme; <see langword="null"/> if it is not to learn that.</summary>
    public NetworkCredential? FindCredential(WebSocketClientOptions options, ClientAddress address, string scheme)
    {
        if (HasLeftOrigin || _ofAddress is not null)
        {
            return _ofAddress;
        }

        // A cache has prefixes of addresses, which applications write in either way.
        NetworkCredential? found = options.Credentials?.GetCredential(address.Uri, scheme)
            ?? options.Credentials?.GetCredential(address.Http, scheme);

        // Those of the process have no password to show.
        return found == CredentialCache.DefaultNetworkCredentials && scheme != "Negotiate" ? null : found;
    }

    /// <summary>Makes the next request.</summary>
    public WebSocketClientRequest CreateRequest(
        ClientAddress address, int redirectCount, string cookies, string? authorization)
    {
        var request = new WebSocketClientRequest(address.Shown, redirectCount, _host, _headers);
        if (cookies.Length != 0)
        {
            // RFC 6265 §5.4: one Cookie header.
            request.Headers = request.Headers.With("Cookie", request.Headers["Cookie"] is { } own ? $"{own}; {cookies}" : cookies);
        }

        if (authorization is not null)
        {
            request.Headers = request.Headers.With(Authorization, authorization);
        }

        return request;
    }

    // An Authorization header that the application set takes precedence over all other credentials.
    private void Take(NetworkCredential? ofAddress)
    {
        if (ofAddress is not null && !_headers.Contains(Authorization))
        {
            _ofAddress = ofAddress;
            AddAuthorization(ofAddress);
        }
    }

    private void AddAuthorization(NetworkCredential credential)
    {
        OwnAuthorization = BasicCredentials.ToHeader(credential);
        _headers = _headers.With(Authorization, OwnAuthorization);
    }
}
