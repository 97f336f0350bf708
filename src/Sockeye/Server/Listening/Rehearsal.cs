using Sockeye.Logging;
using Sockeye.Server.Handshakes;
using Sockeye.Transports.Loops;

namespace Sockeye.Server.Listening;

/// <summary>
/// Serves two connections within the process before a server listens, once for each kind of transport: one that is opened, sends a
/// compressed message and is closed, and one that is rejected. On Linux only.
/// </summary>
/// <remarks>
/// The first connection loads what it needs: assemblies, native libraries, type initializers, the threads of sockets, timers and the
/// pool. If descriptors had run out by then, an initializer would fail for good, and the runtime ends the process when it cannot start a
/// thread.
/// </remarks>
internal static class Rehearsal
{
    private const int MaxWorkerCount = 16;

    // On a machine that is busier than this, the server listens without the rehearsal.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WorkerDeadline = TimeSpan.FromMilliseconds(100);

    private static readonly Lazy<Task> OfLoops = new(() => RunAsync(OnLoopAsync));
    private static readonly Lazy<Task> OfSockets = new(() => RunAsync(static talk => ServeAsync(RehearsalPair.OpenSocket(), talk)));
    private static readonly Lazy<Task> OfTls = new(() => RunAsync(
        static async talk => await ServeAsync(await RehearsalPair.OpenTlsAsync().ConfigureAwait(false), talk).ConfigureAwait(false)));

    /// <summary>Rehearses what the server will need, unless this process has done so.</summary>
    /// <param name="logger">The log of the server.</param>
    /// <param name="options">The addresses of the server.</param>
    /// <param name="usesLoops">Whether connections are served by event loops.</param>
    public static async Task EnsureAsync(GuardedLogger logger, WebSocketServerOptions options, bool usesLoops)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        IReadOnlyList<WebSocketEndPoint> endPoints = options.AllEndPoints;
        try
        {
            if (usesLoops || endPoints.Any(static endPoint => !endPoint.IsSecure))
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
            // The fault may be that of the rehearsal alone: the first client will show.
            logger.RehearsalFailed(exception);
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
            var options = new WebSocketAcceptorOptions
            {
                Compression = PerMessageDeflateOptions.Shared with { MinimumLength = 0 },
                LoggerFactory = new DroppingLogger(),
                IsRehearsal = true,
            };
            var context = new ServerContext(options, WebSocketHandler.FromDelegate(EchoAsync));
            var session = new ServerHandshakeSession(
                context, context.SettingsOn(context.Wheel, isSecure: false), pair.Transport);
            session.Start(Deadline, measured: null);
            await talk(pair.Client).WaitAsync(Deadline).ConfigureAwait(false);

            // Formatting an exception reads symbols from files.
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

    // As many as the pool starts at once when there is work. Each waits for the others; otherwise the first would do all the work.
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
