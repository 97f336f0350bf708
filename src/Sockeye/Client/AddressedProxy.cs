using System.Net;

namespace Sockeye.Client;

/// <summary>
/// Looks up the proxy by the server's own address, not by the HTTP client's: wss and ws may have different proxies. The HTTP
/// client quotes the proxy's address in its exceptions, so it gets scheme, host and port only.
/// </summary>
internal sealed class AddressedProxy(IWebProxy proxy, Uri address) : IWebProxy
{
    /// <summary>Whether the proxy that was found last is reached by TLS, which the HTTP client performs.</summary>
    public bool IsSecure { get; private set; }

    /// <inheritdoc/>
    public ICredentials? Credentials
    {
        get => proxy.Credentials ?? CredentialsOf(Find());
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination)
    {
        if (Find() is not { IsAbsoluteUri: true } found)
        {
            return null;
        }

        // UriBuilder writes schemes in lower case.
        Uri address = new UriBuilder(found.Scheme, found.Host, found.Port).Uri;
        IsSecure = address.Scheme is "https" or "wss";
        return address;
    }

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => proxy.IsBypassed(address);

    private static NetworkCredential? CredentialsOf(Uri? found) =>
        found is null ? null : BasicCredentials.Read(found.UserInfo);

    private Uri? Find() => proxy.GetProxy(address);
}
