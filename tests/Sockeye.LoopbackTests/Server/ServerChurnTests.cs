using System.Collections.Concurrent;

namespace Sockeye.Tests;

// Alone, since it counts what the whole process has open, and listens to its unobserved exceptions.
[CollectionDefinition(nameof(ServerChurnTests), DisableParallelization = true)]
[Collection(nameof(ServerChurnTests))]
public sealed class ServerChurnTests
{
    private const int Connections = 200;

    [Theory]
    [EachServer]
    public async Task Opening_and_closing_many_connections_leaks_nothing(ServerKind kind)
    {
        // Another server, for all that the runtime opens once.
        await ChurnAsync(kind, count: 4);
        int before = Descriptors.Count();

        await ChurnAsync(kind, Connections);

        // A descriptor that is closed on another thread may take a moment.
        await Deadlines.UntilAsync(() => Descriptors.Count() <= before, "all descriptors are closed");
    }

    [Theory]
    [EachServer]
    public async Task Resets_in_every_phase_leave_no_unobserved_exception(ServerKind kind)
    {
        var unobserved = new ConcurrentQueue<Exception>();
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await ResetEverywhereAsync(kind);

            // Unobserved exceptions are reported when their tasks are collected.
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        Assert.Empty(unobserved);

        void Note(object? sender, UnobservedTaskExceptionEventArgs arguments) =>
            unobserved.Enqueue(arguments.Exception.Flatten());
    }

    private static async Task ChurnAsync(ServerKind kind, int count)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
        });
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        Uri address = server.Address(scheme: kind.Scheme());
        for (int i = 0; i < count; i += 4)
        {
            await Task.WhenAll(Enumerable.Range(i, 4).Select(async number =>
            {
                WebSocketConnection connection = await WebSocketClient.ConnectAsync(address, options);
                await connection.SendAsync("hello");
                await connection.ReceiveMessageAsync();
                if (number % 2 == 0)
                {
                    await connection.CloseAsync();
                }
                else
                {
                    connection.Abort();
                }

                await connection.Closed;
            })).WithDeadline();
        }

        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "no connection is left");
    }

    private static async Task ResetEverywhereAsync(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
            },
            request => request.Path == "/pull" ? WebSocketHandler.FromDelegate(Servers.EchoAsync) : new EchoHandler());
        Func<RawPeer, Task>[] phases =
        [
            _ => Task.CompletedTask,
            peer => peer.SendAsync("GET / HT"),
            peer => peer.SendAsync(RawPeer.Request()),
            peer => peer.SendAsync("POST / HTTP/1.1\r\n\r\n"),
            async peer =>
            {
                await peer.SendAsync(RawPeer.Request("/pull"));
                await peer.ReadHeadAsync();
            },
            async peer =>
            {
                await peer.SendAsync(RawPeer.Request());
                byte[] frame = Wire.Masked(RawFrame.Bytes(RawFrame.Binary, new byte[100_000]));
                await peer.SendAsync(frame.AsMemory(0, 50_000));
            },
            async peer =>
            {
                await peer.SendAsync(RawPeer.Request("/pull"));
                await peer.SendMaskedAsync(RawFrame.Binary, new byte[1_000_000]);
            },
            async peer =>
            {
                await peer.SendAsync(RawPeer.Request());
                await peer.SendMaskedAsync(RawFrame.Close, 0x03, 0xE8);
            },
            async peer =>
            {
                await peer.SendAsync(RawPeer.Request("/pull"));
                await peer.SendAsync(RawFrame.Bytes(RawFrame.Text, "unmasked"u8));
            },
        ];

        foreach (Func<RawPeer, Task> phase in phases)
        {
            for (int i = 0; i < 10; i++)
            {
                using RawPeer peer = kind.IsSecure()
                    ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
                    : await RawPeer.ConnectAsync(server.LocalEndPoint);
                await phase(peer);
                Thread.SpinWait(i * 1000);
                peer.Reset();
            }
        }

        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "no connection is left");
    }
}
