using System.Net;

namespace Sockeye.Client;

/// <summary>
/// Looks up the proxy by the server's own address, not by the HTTP client's: wss and ws may have different proxies. The HTTP
/// client quotes the proxy's address in its exceptions, so it gets scheme, host and port only.
/// </summary>
internal sealed class AddressedProxy(IWebProxy proxy, Uri address) : IWebProxy
{
    /// <summary>
    /// The address of the proxy that the HTTP client has asked for last; <see langword="null"/> if there is none, and it requests the
    /// server itself.
    /// </summary>
    public Uri? Found { get; private set; }

    /// <summary>Whether the HTTP client performs TLS with that proxy.</summary>
    public bool IsSecure => Found?.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc/>
    public ICredentials? Credentials
    {
        get => proxy.Credentials ?? CredentialsOf(Find());
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination)
    {
        Found = null;
        return Found = Find() is { IsAbsoluteUri: true } found ? new UriBuilder(found.Scheme, found.Host, found.Port).Uri : null;
    }

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => proxy.IsBypassed(address);

    private static NetworkCredential? CredentialsOf(Uri? found) =>
        found is null ? null : BasicCredentials.Read(found.UserInfo);

    private Uri? Find() => proxy.GetProxy(address);
}
