using System.Net;
using System.Net.Sockets;
using Sockeye.Server.Stopping;
using Sockeye.Transports.Loops;

namespace Sockeye.Server.Listening;

/// <summary>All addresses on which a server listens, and the event loops that serve their connections.</summary>
internal sealed class ServerListeners
{
    // How long to wait for event loops and callbacks of the application that still use a listening socket. Measured by the system's
    // clock, because these threads run by it.
    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(250);

    private readonly Listener[] _listeners;
    private readonly EventLoopGroup? _loops;

    private ServerListeners(Listener[] listeners, EventLoopGroup? loops)
    {
        _listeners = listeners;
        _loops = loops;
    }

    /// <summary>The addresses, with the ports that the system chose.</summary>
    public EndPoint[] LocalEndPoints => Array.ConvertAll(_listeners, listener => listener.LocalEndPoint);

    /// <summary>How long the call has lasted that has been running longest on an event loop; zero if none runs.</summary>
    public TimeSpan LongestRunningCallback => _loops is null
        ? TimeSpan.Zero
        : _loops.Loops.Max(static loop => loop.HeldUpFor);

    /// <summary>Listens on all addresses, or on none. Clients that connect wait until <see cref="Accept"/>.</summary>
    /// <param name="context">The rules and the connections of the server.</param>
    /// <param name="options">The addresses.</param>
    /// <param name="cancellationToken">Cancels the start: no address remains bound.</param>
    /// <exception cref="SocketException">An address is not available.</exception>
    public static async Task<ServerListeners> BindAsync(
        ServerContext context, WebSocketServerOptions options, CancellationToken cancellationToken)
    {
        if (Admission.DefaultMaxConnections(options) is { } room)
        {
            context.LimitTo(room);
        }

        var admission = new Admission(context, options);
        List<Listener> listeners = [];
        EventLoopGroup? loops = null;
        try
        {
            loops = StartLoops(options);
            await Rehearsal.EnsureAsync(context.Logger, options, usesLoops: loops is not null)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            foreach (WebSocketEndPoint endPoint in options.AllEndPoints)
            {
                listeners.Add(Listener.Bind(context, admission, options, endPoint, loops));
            }
        }
        catch
        {
            Stop(listeners, TimeSpan.Zero);
            loops?.StopWhenEmpty();
            throw;
        }

        return new ServerListeners([.. listeners], loops);
    }

    /// <summary>Accepts connections from now on.</summary>
    public void Accept() => Array.ForEach(_listeners, static listener => listener.Accept());

    /// <summary>Stops accepting. Blocks for a moment if event loops or callbacks of the application still use a listening socket.</summary>
    /// <param name="maxWait">The longest time to block.</param>
    public void Stop(TimeSpan maxWait) => Stop(_listeners, maxWait < StopPatience ? maxWait : StopPatience);

    /// <summary>Lets the event loops end after the last connection, including rejected ones that linger.</summary>
    public void EndLoops() => _loops?.StopWhenEmpty();

    private static void Stop(IReadOnlyCollection<Listener> listeners, TimeSpan patience)
    {
        Task[] stopping = [.. listeners.SelectMany(static listener => listener.BeginStop())];
        var deadline = StopDeadline.After(patience);
        Array.ForEach(stopping, task => deadline.WaitAny(task));
        foreach (Listener listener in listeners)
        {
            listener.EndStop();
        }
    }

    private static EventLoopGroup? StartLoops(WebSocketServerOptions options) =>
        options.EventLoop is { IsEnabled: true } loops && EventLoop.IsSupported
            ? EventLoopGroup.Start(loops, options.TimeProvider)
            : null;
}
