using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>The settings of a reverse proxy of the tests.</summary>
/// <param name="Backend">Where the server is.</param>
/// <param name="IsBackendSecure">Whether the server is spoken to over TLS.</param>
/// <param name="IdleTimeout">After how long a silence the proxy ends a connection that was upgraded, in whole seconds.</param>
internal sealed record ReverseProxySettings(EndPoint Backend, bool IsBackendSecure, TimeSpan IdleTimeout)
{
    /// <summary>The address of the server in the settings of both proxies.</summary>
    public string BackendText => Backend is UnixDomainSocketEndPoint ? $"unix:{BackendPath}" : $"{Backend}";

    public string BackendPath => Backend.ToString()!;

    public int IdleSeconds => (int)IdleTimeout.TotalSeconds;
}
