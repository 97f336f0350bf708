using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sockeye.Tests;

/// <summary>A handler and a scope of services for each connection, which never outlive it.</summary>
public sealed class ScopedHandlerTests
{
    [Fact]
    public async Task Each_connection_has_a_handler_and_a_scope_and_both_end_after_OnClosed()
    {
        var log = new Log();
        using IHost host = await StartAsync<Counting>(log);
        await using WebSocketConnection one = await host.ConnectAsync("chat");
        await using WebSocketConnection other = await host.ConnectAsync("chat");
        await one.SendAsync("a");
        Assert.Equal("1", await one.ReceiveTextAsync());
        await one.SendAsync("a");
        Assert.Equal("2", await one.ReceiveTextAsync());
        await other.SendAsync("a");
        Assert.Equal("1", await other.ReceiveTextAsync());
        Assert.Equal((2, 0), (log.Created, log.Disposed));

        await one.CloseAsync().WithDeadline();
        await Deadlines.UntilAsync(() => log.Disposed == 1, "the scope of the first has ended");
        await other.CloseAsync().WithDeadline();
        await Deadlines.UntilAsync(() => log.Disposed == 2, "the scope of the second has ended");

        Assert.Equal(
            ["closed", "handler disposed", "service disposed", "closed", "handler disposed", "service disposed"], log.Events);
    }

    [Fact]
    public async Task Every_event_reaches_the_handler()
    {
        var log = new Log();
        using IHost host = await StartAsync<Everything>(log);
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        await client.SendAsync("text");
        await client.PingAsync().WithDeadline();
        await client.CloseAsync().WithDeadline();
        await Deadlines.UntilAsync(() => log.Disposed == 1, "the scope has ended");

        Assert.Equal(["opened", "message", "message async text", "ping", "pong", "closed"], log.Events.Take(6));
    }

    [Fact]
    public async Task Fragments_reach_the_handler()
    {
        var log = new Log();
        using IHost host = await StartAsync<Everything>(
            log, options => options with { Connection = new() { DeliverFragments = true } });
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        await client.SendAsync("text");
        await client.CloseAsync().WithDeadline();
        await Deadlines.UntilAsync(() => log.Disposed == 1, "the scope has ended");

        Assert.Equal(["opened", "fragment", "fragment async text", "closed"], log.Events.Take(4));
    }

    [Theory]
    [InlineData("constructor")]
    [InlineData("service")]
    public async Task A_handler_that_cannot_be_created_closes_the_connection_with_1011_and_leaves_no_scope(string fault)
    {
        var log = new Log { Fault = fault };
        using IHost host = await StartAsync<Counting>(log);
        await using WebSocketConnection client = await host.ConnectAsync("chat");

        Assert.Equal(WebSocketCloseCode.InternalError, (await client.Closed.WithDeadline()).Code);
        await Deadlines.UntilAsync(() => log.Disposed == log.Created, "what was created is disposed of");
        Assert.Equal(fault == "constructor" ? 1 : 0, log.Created);

        log.Fault = "";
        await using WebSocketConnection next = await host.ConnectAsync("chat");
        await next.SendAsync("a");
        Assert.Equal("1", await next.ReceiveTextAsync());
    }

    [Fact]
    public async Task A_handler_that_throws_in_its_last_call_leaves_no_scope()
    {
        var log = new Log { Fault = "closed" };
        using IHost host = await StartAsync<Counting>(log);
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        await client.CloseAsync().WithDeadline();

        await Deadlines.UntilAsync(() => log.Disposed == 1, "the scope has ended");
    }

    [Fact]
    public async Task A_connection_that_never_opens_creates_no_scope()
    {
        var log = new Log();
        using IHost host = await StartAsync<Counting>(
            log, options => options with { OnUpgrade = static (_, _) => WebSocketUpgradeDecision.Reject(403) });

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => host.ConnectAsync("chat"));
        await host.StopAsync().WithDeadline();

        Assert.Equal(0, log.Created);
    }

    [Fact]
    public async Task No_scope_is_left_after_many_connections_that_end_in_every_way()
    {
        var log = new Log();
        using IHost host = await StartAsync<Counting>(log);
        await Parallel.ForAsync(0, 60, async (index, _) =>
        {
            await using WebSocketConnection client = await host.ConnectAsync("chat");
            switch (index % 3)
            {
                case 0:
                    await client.CloseAsync().WithDeadline();
                    break;
                case 1:
                    client.Abort();
                    break;
                default:
                    await client.SendAsync("throw");
                    await client.Closed.WithDeadline();
                    break;
            }
        }).WithDeadline();
        await host.StopAsync().WithDeadline();

        // A connection that its client aborted at once may never have opened.
        Assert.InRange(log.Created, 40, 60);
        Assert.Equal(log.Created, log.Disposed);
    }

    [Fact]
    public async Task The_stop_of_the_host_waits_for_services_that_are_disposed_of_asynchronously()
    {
        var log = new Log { DisposalGate = new TaskCompletionSource() };
        using IHost host = await StartAsync<Counting>(log);
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        await client.SendAsync("a");
        Assert.Equal("1", await client.ReceiveTextAsync());
        Task<WebSocketMessage?> receivingOn = client.ReceiveAsync().AsTask();

        Task stopping = host.StopAsync();
        await host.Server("chat").Completion.WithDeadline();
        await Deadlines.StaysIncompleteAsync(stopping);
        Assert.Equal(0, log.Disposed);
        log.DisposalGate.SetResult();

        await stopping.WithDeadline();
        await IgnoreAsync(receivingOn);
        Assert.Equal(1, log.Disposed);
    }

    [Fact]
    public async Task A_service_that_throws_when_it_is_disposed_of_does_not_fail_the_stop()
    {
        var log = new Log { DisposalGate = new TaskCompletionSource() };
        log.DisposalGate.SetException(new InvalidOperationException("not disposed"));
        using IHost host = await StartAsync<Counting>(log);
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        await client.SendAsync("a");
        Assert.Equal("1", await client.ReceiveTextAsync());
        Task<WebSocketMessage?> receivingOn = client.ReceiveAsync().AsTask();

        await host.StopAsync().WithDeadline();

        Assert.Equal(0, log.Disposed);
        await IgnoreAsync(receivingOn);
    }

    [Theory]
    [InlineData(ServiceLifetime.Singleton, 1)]
    [InlineData(ServiceLifetime.Scoped, 2)]
    [InlineData(ServiceLifetime.Transient, 2)]
    public async Task A_registered_handler_has_the_lifetime_of_its_registration(ServiceLifetime lifetime, int count)
    {
        var log = new Log();
        using IHost host = await Hosts.StartAsync(services =>
        {
            services.AddSingleton(log).AddScoped<Service>();
            services.Add(new ServiceDescriptor(typeof(Registered), typeof(Registered), lifetime));
            services.AddSockeyeServer<Registered>("chat", options => options with { EndPoint = Hosts.Loopback });
        });
        for (int i = 0; i < 2; i++)
        {
            await using WebSocketConnection client = await host.ConnectAsync("chat");
            await client.SendAsync("a");
            await client.ReceiveTextAsync();
            await client.CloseAsync().WithDeadline();
        }

        await host.StopAsync().WithDeadline();
        Assert.Equal(count, log.Events.Count(text => text == "handler created"));
        Assert.Equal(lifetime == ServiceLifetime.Singleton ? 0 : count, log.Events.Count(text => text == "handler disposed"));
    }

    [Fact]
    public async Task A_method_has_a_scope_that_ends_with_it()
    {
        var log = new Log();
        using IHost host = await Hosts.StartAsync(services => services.AddSingleton(log).AddScoped<Service>().AddSockeyeServer(
            "chat",
            async (connection, scope, cancellationToken) =>
            {
                scope.GetRequiredService<Service>();
                Assert.Same(scope.GetRequiredService<Service>(), scope.GetRequiredService<Service>());
                await Hosts.EchoAsync(connection, cancellationToken);
                log.Add("method returned");
                throw new InvalidOperationException("after the end");
            },
            options => options with { EndPoint = Hosts.Loopback }));
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        await client.SendAsync("a");
        Assert.Equal("a", await client.ReceiveTextAsync());
        Assert.Equal((1, 0), (log.Created, log.Disposed));

        await client.CloseAsync().WithDeadline();
        await host.StopAsync().WithDeadline();

        Assert.Equal(["method returned", "service disposed"], log.Events);
        Assert.Equal((1, 1), (log.Created, log.Disposed));
    }

    [Fact]
    public async Task A_message_allocates_nothing_on_its_way_to_the_handler()
    {
        const int Count = 1_000;
        var log = new Log();
        using IHost host = await StartAsync<Measuring>(log);
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        for (int round = 0; ; round++)
        {
            for (int i = 0; i < Count; i++)
            {
                await client.SendAsync("a");
            }

            // The first rounds compile methods, and grow buffers. What a read allocates, it does not for each message.
            await client.SendAsync("report");
            long allocated = long.Parse(await client.ReceiveTextAsync(), System.Globalization.CultureInfo.InvariantCulture);
            if (allocated < Count)
            {
                return;
            }

            Assert.True(round < 20, $"{allocated} bytes for {Count} messages");
        }
    }

    // A server that goes away is not a clean close, which is not what these tests are about.
    private static async Task IgnoreAsync(Task receiving) =>
        await receiving.WithDeadline().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static Task<IHost> StartAsync<THandler>(
        Log log, Func<WebSocketServerOptions, WebSocketServerOptions>? configure = null)
        where THandler : WebSocketHandler =>
        Hosts.StartAsync(services => services.AddSingleton(log).AddScoped<Service>().AddSockeyeServer<THandler>(
            "chat",
            options => (configure ?? (static same => same))(options with { EndPoint = Hosts.Loopback })));

    internal sealed class Log
    {
        private int _created;
        private int _disposed;

        public ConcurrentQueue<string> Events { get; } = [];

        /// <summary>What throws.</summary>
        public string Fault { get; set; } = "";

        /// <summary>What the disposal of a service waits for.</summary>
        public TaskCompletionSource? DisposalGate { get; init; }

        public int Created => Volatile.Read(ref _created);

        public int Disposed => Volatile.Read(ref _disposed);

        public void Add(string text) => Events.Enqueue(text);

        public void NoteCreated() => Interlocked.Increment(ref _created);

        public void NoteDisposed()
        {
            Add("service disposed");
            Interlocked.Increment(ref _disposed);
        }

        public void ThrowIf(string fault)
        {
            if (Fault == fault)
            {
                throw new InvalidOperationException(fault);
            }
        }
    }

    internal sealed class Service : IAsyncDisposable
    {
        private readonly Log _log;

        public Service(Log log)
        {
            log.ThrowIf("service");
            log.NoteCreated();
            _log = log;
        }

        public async ValueTask DisposeAsync()
        {
            if (_log.DisposalGate is { } gate)
            {
                await gate.Task;
            }

            _log.NoteDisposed();
        }
    }

    private sealed class Counting : WebSocketHandler, IDisposable
    {
        private readonly Log _log;
        private int _count;

        public Counting(Service service, Log log)
        {
            ArgumentNullException.ThrowIfNull(service);
            log.ThrowIf("constructor");
            _log = log;
        }

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            if (payload.SequenceEqual("throw"u8))
            {
                throw new InvalidOperationException("asked for");
            }

            connection.TrySend($"{++_count}");
        }

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
        {
            _log.ThrowIf("closed");
            _log.Add("closed");
        }

        public void Dispose() => _log.Add("handler disposed");
    }

    private sealed class Registered : WebSocketHandler, IDisposable
    {
        private readonly Log _log;

        public Registered(Log log)
        {
            _log = log;
            log.Add("handler created");
        }

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend(payload, kind);

        public void Dispose() => _log.Add("handler disposed");
    }

    // Between two messages, the thread allocates what it takes to deliver the second.
    private sealed class Measuring : WebSocketHandler
    {
        private long _allocated;
        private long _last;
        private int _thread;

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            if (payload.SequenceEqual("report"u8))
            {
                connection.TrySend($"{_allocated}");
                _allocated = 0;
            }
            else if (_thread == Environment.CurrentManagedThreadId)
            {
                _allocated += GC.GetAllocatedBytesForCurrentThread() - _last;
            }

            _thread = Environment.CurrentManagedThreadId;
            _last = GC.GetAllocatedBytesForCurrentThread();
        }
    }

    private sealed class Everything(Log log, Service service) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection)
        {
            ArgumentNullException.ThrowIfNull(service);
            log.Add("opened");
        }

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            log.Add("message");
            base.OnMessage(connection, payload, kind);
        }

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            log.Add("message async " + message.GetText());
            return default;
        }

        public override void OnFragment(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
        {
            log.Add("fragment");
            base.OnFragment(connection, payload, kind, endOfMessage);
        }

        public override ValueTask OnFragmentAsync(WebSocketConnection connection, WebSocketFragment fragment)
        {
            log.Add("fragment async " + System.Text.Encoding.UTF8.GetString(fragment.Payload.Span));
            return default;
        }

        public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
        {
            log.Add("ping");
            _ = connection.PingAsync();
        }

        public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) => log.Add("pong");

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => log.Add("closed");
    }
}
