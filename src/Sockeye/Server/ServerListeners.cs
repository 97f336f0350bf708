using System.Net;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Server;

/// <summary>All addresses on which a server listens, and the event loops that serve what comes from them.</summary>
internal sealed class ServerListeners
{
    private readonly Listener[] _listeners;
    private readonly EventLoopGroup? _loops;

    private ServerListeners(Listener[] listeners, EventLoopGroup? loops)
    {
        _listeners = listeners;
        _loops = loops;
    }

    /// <summary>Where the server listens.</summary>
    public IReadOnlyList<EndPoint> LocalEndPoints => Array.ConvertAll(_listeners, listener => listener.LocalEndPoint);

    /// <summary>Listens on all addresses, or none. Whoever connects waits until <see cref="Accept"/>.</summary>
    /// <exception cref="SocketException">An address cannot be had.</exception>
    public static async Task<ServerListeners> BindAsync(ServerContext context)
    {
        List<Listener> listeners = [];
        EventLoopGroup? loops = null;
        try
        {
            loops = StartLoops(context.Options);
            await Rehearsal.EnsureAsync(context, usesLoops: loops is not null).ConfigureAwait(false);
            foreach (WebSocketEndPoint endPoint in context.Options.AllEndPoints)
            {
                listeners.Add(Listener.Bind(context, endPoint, loops));
            }
        }
        catch
        {
            await Task.WhenAll(listeners.Select(listener => listener.StopAsync())).ConfigureAwait(false);
            loops?.StopWhenEmpty();
            throw;
        }

        return new ServerListeners([.. listeners], loops);
    }

    /// <summary>Accepts connections from now on.</summary>
    public void Accept() => Array.ForEach(_listeners, static listener => listener.Accept());

    /// <summary>Accepts no more.</summary>
    public Task StopAsync() => Task.WhenAll(_listeners.Select(listener => listener.StopAsync()));

    /// <summary>Lets the event loops end when the last connection has, a refused one that lingers included.</summary>
    public void EndLoops() => _loops?.StopWhenEmpty();

    private static EventLoopGroup? StartLoops(WebSocketServerOptions options) =>
        options.EventLoop is { } loops && EventLoop.IsSupported && options.AllEndPoints.Any(endPoint => !endPoint.IsSecure)
            ? EventLoopGroup.Start(loops, options.TimeProvider)
            : null;
}
