using Sockeye.Connections;
using Sockeye.Transports.Loops;

namespace Sockeye.Server;

/// <summary>
/// Serves two connections within the process before a server listens, once for each kind of transport: one that is opened, sends a
/// compressed message and is closed, and one that is refused. On Linux.
/// </summary>
/// <remarks>
/// What a first connection needs is loaded by it: assemblies, native libraries, type initializers, the threads of sockets, timers and
/// the pool. If descriptors had run out by then, an initializer would fail once and for all, and the runtime ends the process when
/// it cannot start a thread.
/// </remarks>
internal static class Rehearsal
{
    private const int MaxWorkerCount = 16;

    // On a machine that is so busy the server listens all the same.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WorkerDeadline = TimeSpan.FromMilliseconds(100);

    private static readonly Lazy<Task> OfLoops = new(() => RunAsync(OnLoopAsync));
    private static readonly Lazy<Task> OfSockets = new(() => RunAsync(static talk => ServeAsync(RehearsalPair.OpenSocket(), talk)));
    private static readonly Lazy<Task> OfTls = new(() => RunAsync(
        static async talk => await ServeAsync(await RehearsalPair.OpenTlsAsync().ConfigureAwait(false), talk).ConfigureAwait(false)));

    /// <summary>Does what this process has not done yet of what a server needs.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="usesLoops">Whether connections without TLS are served by event loops.</param>
    public static async Task EnsureAsync(ServerContext context, bool usesLoops)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        IReadOnlyList<WebSocketEndPoint> endPoints = context.Options.AllEndPoints;
        try
        {
            if (endPoints.Any(static endPoint => !endPoint.IsSecure))
            {
                await (usesLoops ? OfLoops : OfSockets).Value.WaitAsync(Deadline).ConfigureAwait(false);
            }

            if (endPoints.Any(static endPoint => endPoint.IsSecure))
            {
                await OfTls.Value.WaitAsync(Deadline).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            // The first client will find out whether that is a fault of the rehearsal's alone.
            context.Logger.RehearsalFailed(exception);
        }
    }

    private static Task RunAsync(Func<Func<Stream, Task>, Task> serve) => Task.Run(async () =>
    {
        StartWorkers();
        await serve(RehearsalPair.OpenAndCloseAsync).ConfigureAwait(false);
        await serve(RehearsalPair.AskForPageAsync).ConfigureAwait(false);
    });

    private static async Task OnLoopAsync(Func<Stream, Task> talk)
    {
        EventLoop loop = EventLoop.Start("Sockeye rehearsal", Timeout.InfiniteTimeSpan, TimeProvider.System);
        try
        {
            await ServeAsync(RehearsalPair.OpenLoop(loop), talk).ConfigureAwait(false);
        }
        finally
        {
            loop.StopWhenEmpty();
        }

        await loop.Ended.ConfigureAwait(false);
    }

    private static async Task ServeAsync(RehearsalPair pair, Func<Stream, Task> talk)
    {
        using (pair)
        {
            var options = new WebSocketServerOptions
            {
                Compression = PerMessageDeflateOptions.Shared with { MinimumLength = 0 },
                LoggerFactory = new DroppingLogger(),
                Numbers = new ConnectionNumbers(),
            };
            var context = new ServerContext(options, WebSocketHandler.FromDelegate(EchoAsync));
            var session = new ServerHandshakeSession(
                context, context.SettingsOn(context.Wheel, isSecure: false), pair.Transport);
            session.Start();
            await talk(pair.Client).WaitAsync(Deadline).ConfigureAwait(false);

            // What is logged when something is wrong: an exception as text reads symbols from files.
            session.OnHeldUp(TimeSpan.Zero);
            try
            {
                throw new IOException();
            }
            catch (IOException exception)
            {
                context.Logger.AcceptFailed(TimeSpan.Zero, exception);
            }
        }
    }

    private static async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await connection.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    // As many as the pool starts at once when there is work. Each waits for the others, or the first would do all.
    private static void StartWorkers()
    {
        ThreadPool.GetMinThreads(out int count, out _);
        var all = new CountdownEvent(Math.Min(count, MaxWorkerCount));
        for (int index = all.CurrentCount; index > 1; index--)
        {
            ThreadPool.UnsafeQueueUserWorkItem(SignalAndWait, all, preferLocal: false);
        }

        SignalAndWait(all);
    }

    private static void SignalAndWait(CountdownEvent all)
    {
        all.Signal();
        all.Wait(WorkerDeadline);
    }
}
