using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Accepts clients of any protocol.</summary>
internal sealed class RawListener : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public RawListener()
    {
        _listener.Bind(Servers.Loopback);
        _listener.Listen();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public async Task<RawPeer> AcceptAsync() => new(await _listener.AcceptAsync().WithDeadline());

    public void Dispose() => _listener.Dispose();
}
