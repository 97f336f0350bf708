using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Client.Reconnecting;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Any number of messages or senders waiting for a connection uses constant stack. Runs on a small stack.</summary>
public sealed class OutboxDepthTests
{
    private static readonly byte[] Payload = "a"u8.ToArray();

    [Fact]
    public void A_million_messages_waiting_for_a_connection_are_sent()
    {
        var outbox = new ReconnectOutbox(long.MaxValue);
        var transport = new InMemoryTransport
        {
            KeepsOutput = false,
            Writes = WriteScript.NothingAtOnce(WriteCompletion.InPlace),
        };
        Task attaching = Task.CompletedTask;
        SmallStack.Run(() =>
        {
            for (int i = 0; i < SmallStack.EntryCount; i++)
            {
                Assert.True(outbox.SendAsync(Payload, WebSocketMessageKind.Text, default).IsCompletedSuccessfully);
            }

            attaching = outbox.AttachAsync(Open(transport), default);
        });

        Assert.True(attaching.IsCompletedSuccessfully);
        Assert.Equal(0, outbox.QueueLength);
        Assert.Equal(3L * SmallStack.EntryCount, transport.WrittenLength);
    }

    [Fact]
    public async Task Many_senders_waiting_for_a_connection_are_released_together()
    {
        // Not a million, since each goes by way of the thread pool; one level would take more than a hundred bytes of stack.
        const int Senders = SmallStack.EntryCount / 20;
        var outbox = new ReconnectOutbox(maxQueueLength: 0);
        var transport = new InMemoryTransport
        {
            KeepsOutput = false,
            Writes = WriteScript.NothingAtOnce(WriteCompletion.InPlace),
        };
        Task[] sends = [.. Enumerable.Range(0, Senders).Select(
            _ => outbox.SendAsync(Payload, WebSocketMessageKind.Text, default).AsTask())];
        Task attaching = Task.CompletedTask;
        SmallStack.Run(() => attaching = outbox.AttachAsync(Open(transport), default));

        await Task.WhenAll([attaching, .. sends]).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.Equal(3L * Senders, transport.WrittenLength);
    }

    private static WebSocketConnection Open(InMemoryTransport transport)
    {
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance);
        var connection = new WebSocketConnection(transport, settings, handler: null);
        connection.Core.Start();
        return connection;
    }
}
