using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Server;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Any number of sends, waiting senders, or pings uses constant stack. Runs on a small stack.</summary>
public sealed class SendDepthTests
{
    private const int Count = SmallStack.EntryCount;

    private static readonly byte[] Payload = Encoding.UTF8.GetBytes("a");

    [Fact]
    public void A_million_waiting_senders_are_released()
    {
        var bench = new SendQueueBench(limit: 64);
        bench.Block(length: 64);
        Task[] sends = Begin(bench, default);
        SmallStack.Run(() => bench.Transport.Drain());

        Assert.All(sends, send => Assert.True(send.IsCompletedSuccessfully));
        Assert.Equal(66 + (3 * Count), bench.Transport.TakeOutput().Length);
    }

    [Fact]
    public void A_million_waiting_senders_fail_when_the_connection_closes()
    {
        var bench = new SendQueueBench(limit: 64);
        bench.Block(length: 64);
        Task[] sends = Begin(bench, default);
        SmallStack.Run(() => bench.Sends.SendClose(new CloseStatus(WebSocketCloseCode.NormalClosure, ""), afterPending: false));

        Assert.All(sends, send => Assert.IsType<WebSocketClosedException>(send.Exception?.InnerException));
    }

    [Fact]
    public void A_million_waiting_senders_fail_when_the_transport_ends()
    {
        var bench = new SendQueueBench(limit: 64);
        bench.Block(length: 64);
        Task[] sends = Begin(bench, default);
        SmallStack.Run(() => bench.Transport.Abort(error: null));

        Assert.All(sends, send => Assert.IsType<WebSocketClosedException>(send.Exception?.InnerException));
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void A_million_waiting_senders_are_canceled_by_one_token()
    {
        var bench = new SendQueueBench(limit: 64);
        bench.Block(length: 64);
        using var canceling = new CancellationTokenSource();
        Task[] sends = Begin(bench, canceling.Token);
        SmallStack.Run(canceling.Cancel);

        Assert.All(sends, send => Assert.True(send.IsCanceled));
        bench.Transport.Drain();
        Assert.Equal("Binary 64 bytes", bench.Wire());
        Assert.Equal(0, bench.Sends.SendBufferLength);
    }

    [Fact]
    public void A_sender_that_sends_again_in_its_continuation_does_so_a_million_times()
    {
        // Each message fills the buffer, and is taken before the send is over.
        var transport = new InMemoryTransport
        {
            KeepsOutput = false,
            Writes = WriteScript.NothingAtOnce(WriteCompletion.InPlace),
        };
        WebSocketConnection connection = Open(transport, maxSendBufferLength: 1);
        Task sending = Task.CompletedTask;
        SmallStack.Run(() => sending = SendAll());

        Assert.True(sending.IsCompletedSuccessfully);
        Assert.Equal(3L * Count, transport.WrittenLength);

        async Task SendAll()
        {
            for (int i = 0; i < Count; i++)
            {
                await connection.SendAsync(Payload).ConfigureAwait(false);
            }
        }
    }

    [Fact]
    public void A_sender_that_waits_for_room_each_time_sends_a_million_messages()
    {
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 1 },
        };
        var test = new TestConnection(options: options);
        test.Transport.Capacity = 0;
        const int Sends = Count / 10; // each goes by way of the thread pool
        Task sending = SendAll();
        SmallStack.Run(() =>
        {
            while (!sending.IsCompleted)
            {
                test.Transport.Drain(3);
            }
        });

        Assert.True(sending.IsCompletedSuccessfully);

        async Task SendAll()
        {
            for (int i = 0; i < Sends; i++)
            {
                await test.Connection.SendAsync(Payload).ConfigureAwait(false);
            }
        }
    }

    [Fact]
    public void Frames_queued_behind_a_blocked_write_are_written_with_constant_stack()
    {
        // Each longer than a segment that holds several.
        var bench = new SendQueueBench(limit: int.MaxValue);
        bench.Block(length: 1);
        var message = WebSocketPreparedMessage.Binary(new byte[SendBuffer.MaxCopiedLength + 1]);
        const int Frames = Count / 10; // of two kilobytes each
        for (int i = 0; i < Frames; i++)
        {
            _ = bench.Sends.SendAsync(message.Plain, default);
        }

        long written = 0;
        bench.Transport.Written = () => written += bench.Transport.TakeOutput().Length;
        SmallStack.Run(() => bench.Transport.Drain());

        Assert.Equal(3 + ((long)Frames * message.Plain.Shared!.Length), written + bench.Transport.TakeOutput().Length);
    }

    [Fact]
    public void A_message_is_broadcast_to_a_million_connections()
    {
        var transport = new InMemoryTransport
        {
            KeepsOutput = false,
            Writes = WriteScript.NothingAtOnce(WriteCompletion.InPlace),
        };
        WebSocketConnection connection = Open(transport, maxSendBufferLength: int.MaxValue);
        WebSocketConnection[] connections = [.. Enumerable.Repeat(connection, Count)];
        var message = WebSocketPreparedMessage.Text("a");
        int sent = 0;
        Task<int>? sending = null;
        SmallStack.Run(() =>
        {
            sent = Broadcasts.Send(connections, message, default, where: null);
            sending = Broadcasts.SendAsync(connections, message, default, where: null, default);
        });

        Assert.Equal(Count, sent);
        Assert.Equal(Count, sending!.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken) ? sending.Result : 0);
        Assert.Equal(2 * 3L * Count, transport.WrittenLength);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_million_pings_complete_with_one_pong_or_fail_together(bool isAnswered)
    {
        var pings = new PingTracker(new ManualTimeProvider());
        byte[] payload = new byte[PingTracker.PayloadLength];
        TaskCompletionSource<TimeSpan>[] answers = [.. Enumerable.Range(0, Count).Select(_ => new TaskCompletionSource<TimeSpan>())];
        SmallStack.Run(() =>
        {
            foreach (TaskCompletionSource<TimeSpan> answer in answers)
            {
                pings.Begin(payload, answer);
            }

            Assert.Equal(Count, pings.UnderwayCount);
            if (isAnswered)
            {
                pings.OnPong(payload);
            }
            else
            {
                pings.FailAll(static () => new InvalidOperationException());
            }
        });

        Assert.All(answers, answer => Assert.Equal(isAnswered, answer.Task.IsCompletedSuccessfully));
        Assert.Equal(0, pings.UnderwayCount);
    }

    private static Task[] Begin(SendQueueBench bench, CancellationToken cancellationToken)
    {
        var sends = new Task[Count];
        for (int i = 0; i < Count; i++)
        {
            sends[i] = bench.Sends.SendAsync(
                new OutgoingFrame(Opcode.Text, Payload), cancellationToken).AsTask();
        }

        return sends;
    }

    private static WebSocketConnection Open(InMemoryTransport transport, int maxSendBufferLength)
    {
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = maxSendBufferLength },
        };
        var settings = new ConnectionSettings(
            Role.Server, options, new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance);
        var connection = new WebSocketConnection(transport, settings, handler: null);
        connection.Core.Start();
        return connection;
    }
}
