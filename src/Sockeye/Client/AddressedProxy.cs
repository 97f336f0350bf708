using System.Net;

namespace Sockeye.Client;

/// <summary>
/// A proxy that is asked for the server's own address, whatever the HTTP client was told: there may be one for wss and
/// another for ws.
/// </summary>
internal sealed class AddressedProxy(IWebProxy proxy, Uri address) : IWebProxy
{
    /// <inheritdoc/>
    public ICredentials? Credentials
    {
        get => proxy.Credentials;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => proxy.GetProxy(address);

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => proxy.IsBypassed(address);
}
