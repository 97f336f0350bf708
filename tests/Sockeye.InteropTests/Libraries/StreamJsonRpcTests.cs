using System.Net.WebSockets;
using StreamJsonRpc;

namespace Sockeye.Tests;

/// <summary>StreamJsonRpc, whose message handler for WebSockets runs on both ends of a connection.</summary>
public sealed class StreamJsonRpcTests
{
    // Six bytes each as JSON: together less than MaxMessageLength.
    private const int LongLength = 150_000;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Calls_answers_errors_and_cancellation_pass_in_both_directions(bool isPortable, bool deliverFragments)
    {
        await using AdaptedPair pair = await AdaptedPair.ConnectAsync(isPortable, deliverFragments);
        Target onServer = new();
        Target onClient = new();
        using JsonRpc server = Attach(new WebSocketMessageHandler(pair.Server, new SystemTextJsonFormatter()), onServer);
        using JsonRpc client = Attach(new WebSocketMessageHandler(pair.Client, new SystemTextJsonFormatter()), onClient);
        string text = new('é', LongLength);

        int[] sums = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Call<int>(i % 2 == 0 ? client : server, "Add", i, 1)));
        string echoed = await Call<string>(client, "Echo", text);
        await Call<string>(server, "Echo", text);
        RemoteInvocationException error =
            await Assert.ThrowsAsync<RemoteInvocationException>(() => Call<int>(client, "Fail"));
        using CancellationTokenSource canceled = new();
        Task waiting = client.InvokeWithCancellationAsync("WaitAsync", [], canceled.Token);
        await onServer.Waits.WaitAsync(Deadline.Length);
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Deadline.Length));
        await client.NotifyAsync("Note", "noted");

        Assert.Equal(Enumerable.Range(1, 200), sums);
        Assert.Equal(text, echoed);
        Assert.Equal("wrong", error.Message);
        Assert.Equal("noted", await onServer.Noted.WaitAsync(Deadline.Length));

        // Cancels the receive that waits, which leaves the socket open. The library replies to the Close frame by itself.
        client.Dispose();
        await pair.Client.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        await server.Completion.WaitAsync(Deadline.Length);
        Assert.All(await pair.ClosedAsync(), result => Assert.True(result.WasClean));
    }

    /// <summary>A token on every call is how this library is used: none of them may end the connection.</summary>
    [Fact]
    public async Task Canceled_calls_leave_the_connection_usable()
    {
        await using AdaptedPair pair = await AdaptedPair.ConnectAsync(isPortable: false, deliverFragments: false);
        using JsonRpc server = Attach(new WebSocketMessageHandler(pair.Server, new SystemTextJsonFormatter()), new Target());
        using JsonRpc client = Attach(new WebSocketMessageHandler(pair.Client, new SystemTextJsonFormatter()), new Target());
        for (int i = 0; i < 100; i++)
        {
            using CancellationTokenSource canceled = new();
            Task<int> call = client.InvokeWithCancellationAsync<int>("Add", [i, 1], canceled.Token);
            await canceled.CancelAsync();
            await call.WaitAsync(Deadline.Length).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        Assert.Equal(3, await Call<int>(client, "Add", 1, 2));
    }

    private static JsonRpc Attach(WebSocketMessageHandler handler, Target target)
    {
        JsonRpc rpc = new(handler, target);
        rpc.StartListening();
        return rpc;
    }

    private static Task<T> Call<T>(JsonRpc rpc, string method, params object[] arguments) =>
        rpc.InvokeAsync<T>(method, arguments).WaitAsync(Deadline.Length);

    private sealed class Target
    {
        private readonly TaskCompletionSource _waits = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<string> _noted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waits => _waits.Task;

        public Task<string> Noted => _noted.Task;

        public static int Add(int one, int other) => one + other;

        public static string Echo(string text) => text;

        public static int Fail() => throw new InvalidOperationException("wrong");

        public void Note(string text) => _noted.TrySetResult(text);

        public async Task WaitAsync(CancellationToken cancellationToken)
        {
            _waits.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
