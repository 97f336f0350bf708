using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>OnClosed is a handler's last call, after all other calls on any thread have returned.</summary>
public sealed class HandlerEndTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("message")]
    [InlineData("fragment")]
    [InlineData("asynchronous message")]
    [InlineData("asynchronous fragment")]
    [InlineData("ping")]
    [InlineData("pong")]
    public async Task The_end_waits_for_OnMessage_on_another_thread(string call)
    {
        using var handler = new BlockedHandler();
        var test = new TestConnection(handler: handler, options: new WebSocketConnectionOptions
        {
            DeliverFragments = call.EndsWith("fragment", StringComparison.Ordinal),
        });
        handler.IsAsync = call.StartsWith("asynchronous", StringComparison.Ordinal);
        var reading = new Thread(() =>
            test.Receive(call switch { "ping" => Opcode.Ping, "pong" => Opcode.Pong, _ => Opcode.Binary }, [1]));
        reading.Start();
        handler.WaitUntilCalled();
        Assert.True(test.Connection.Core.Receiver.HasMessageInHand);

        await AbandonAsync(test.Connection);
        await test.Connection.Closed.WaitAsync(Deadline, Cancellation);

        // As the thread does that has told of the end just now.
        test.Connection.Core.Receiver.End(isCall: false);
        Assert.Equal("called", handler.Events);
        handler.Return();
        Assert.True(reading.Join(Deadline));

        Assert.Equal("called returned closed", handler.Events);
    }

    [Fact]
    public void The_end_waits_for_OnOpen()
    {
        string events = "";
        var handler = new RecordingHandler
        {
            Opened = connection =>
            {
                Assert.True(Task.Run(connection.Abort, Cancellation).Wait(Deadline, Cancellation));
                events += "opened ";
            },
            Ended = (_, _) => events += "closed",
        };

        var test = new TestConnection(handler: handler);

        Assert.True(test.Connection.Closed.IsCompleted);
        Assert.Equal("opened closed", events);
    }

    [Fact]
    public async Task Messages_after_the_end_are_neither_delivered_nor_kept()
    {
        using var handler = new BlockedHandler();
        var test = new TestConnection(handler: handler);
        var reading = new Thread(() => test.Receive(Opcode.Binary, [1]));
        reading.Start();
        handler.WaitUntilCalled();
        await AbandonAsync(test.Connection);
        await test.Connection.Closed.WaitAsync(Deadline, Cancellation);
        handler.Return();
        Assert.True(reading.Join(Deadline));
        await handler.Closed.WaitAsync(Deadline, Cancellation);

        test.Receive(Opcode.Binary, new byte[100]);
        test.Transport.EndInput();

        Assert.Equal("called returned closed", handler.Events);
        Assert.Equal(0, test.Pool.OutCount);
    }

    private static async Task AbandonAsync(WebSocketConnection connection)
    {
        WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary);
        await writer.WriteAsync(new byte[] { 1 }, Cancellation);
        await writer.DisposeAsync();
    }

    private sealed class BlockedHandler : WebSocketHandler, IDisposable
    {
        private readonly ManualResetEventSlim _called = new();
        private readonly ManualResetEventSlim _returns = new();
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile string _events = "";

        public string Events => _events;

        public Task Closed => _closed.Task;

        public bool IsAsync { get; set; }

        public void WaitUntilCalled() => Assert.True(_called.Wait(Deadline, Cancellation));

        public void Return() => _returns.Set();

        public void Dispose()
        {
            _called.Dispose();
            _returns.Dispose();
        }

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            if (IsAsync)
            {
                base.OnMessage(connection, payload, kind);
                return;
            }

            Block();
        }

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            Block();
            return default;
        }

        public override void OnFragment(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
        {
            if (IsAsync)
            {
                base.OnFragment(connection, payload, kind, endOfMessage);
                return;
            }

            Block();
        }

        public override ValueTask OnFragmentAsync(WebSocketConnection connection, WebSocketFragment fragment)
        {
            Block();
            return default;
        }

        public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) => Block();

        public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) => Block();

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
        {
            _events += " closed";
            _closed.TrySetResult();
        }

        private void Block()
        {
            _events += "called";
            _called.Set();
            _returns.Wait(Deadline);
            _events += " returned";
        }
    }
}
