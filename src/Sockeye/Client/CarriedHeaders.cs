using System.Net;

namespace Sockeye.Client;

/// <summary>Carries the application's headers from request to request along redirects.</summary>
internal sealed class CarriedHeaders
{
    private const string Authorization = "Authorization";

    // Headers that never hold a secret. Any other may: the header of an API key can have any name.
    private static readonly string[] Harmless = ["User-Agent", "Accept", "Accept-Language", "Origin"];

    private readonly bool _hasCredentials;
    private WebSocketHeaders _headers;
    private string? _host;
    private NetworkCredential? _addressCredential;

    /// <summary>Takes the headers and credentials of the options and the address.</summary>
    /// <exception cref="ArgumentException">Credentials cannot be sent.</exception>
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

    /// <summary>
    /// The Authorization header that is sent without a challenge; <see langword="null"/> if there is none but the application's.
    /// </summary>
    public string? OwnAuthorization { get; private set; }

    /// <summary>Whether the data that is for the first server only was dropped.</summary>
    public bool HasLeftOrigin { get; private set; }

    /// <summary>
    /// Drops the data that is for the first server only: credentials, cookies, the host, and every header that may hold a secret.
    /// </summary>
    public void LeaveOrigin()
    {
        _headers = [.. _headers.Where(header => Harmless.Contains(header.Key, StringComparer.OrdinalIgnoreCase))];
        _host = null;
        _addressCredential = null;
        OwnAuthorization = null;
        HasLeftOrigin = true;
    }

    /// <summary>
    /// Takes the user information of a redirect to the same server, unless the application has set credentials: a server must not
    /// choose the client's identity.
    /// </summary>
    public void TakeFromRedirect(NetworkCredential? credential)
    {
        if (!_hasCredentials)
        {
            Take(credential);
        }
    }

    /// <summary>
    /// Returns the credentials for a server that requires a scheme; <see langword="null"/> if no credentials may be sent to it.
    /// </summary>
    public NetworkCredential? FindCredential(WebSocketClientOptions options, ClientAddress address, string scheme)
    {
        if (HasLeftOrigin || _addressCredential is not null)
        {
            return _addressCredential;
        }

        // A cache maps address prefixes to credentials, and applications write them with either scheme.
        NetworkCredential? found = options.Credentials?.GetCredential(address.Uri, scheme)
            ?? options.Credentials?.GetCredential(address.Http, scheme);

        // The default credentials of the process contain no password: only Negotiate can use them.
        return found == CredentialCache.DefaultNetworkCredentials && scheme != "Negotiate" ? null : found;
    }

    /// <summary>Creates the next request.</summary>
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
    private void Take(NetworkCredential? credential)
    {
        if (credential is not null && !_headers.Contains(Authorization))
        {
            _addressCredential = credential;
            AddAuthorization(credential);
        }
    }

    private void AddAuthorization(NetworkCredential credential)
    {
        OwnAuthorization = BasicCredentials.ToHeader(credential);
        _headers = _headers.With(Authorization, OwnAuthorization);
    }
}
