using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Messages that are framed once and sent to many connections.</summary>
public sealed class WebSocketPreparedMessageTests
{
    private const int SendBufferLength = 1_024;
    private const int LongLength = 100_000;

    private static readonly WebSocketConnectionOptions SmallBuffer = new WebSocketConnectionOptions
    {
        Limits = new() { MaxSendBufferLength = SendBufferLength },
    };

    [Fact]
    public void A_prepared_text_is_one_unmasked_server_frame()
    {
        var connection = new TestConnection();

        WebSocketSendResult result = connection.Connection.TrySend(WebSocketPreparedMessage.Text("Hello"));

        Assert.Equal(WebSocketSendResult.Sent, result);
        Assert.Equal(Wire.Bytes("81 05 48 65 6C 6C 6F"), connection.Transport.TakeOutput());
    }

    [Fact]
    public void A_prepared_message_exposes_its_kind_and_payload()
    {
        byte[] bytes = [1, 2, 3];

        WebSocketPreparedMessage binary = WebSocketPreparedMessage.Binary(bytes, compress: false);
        bytes[0] = 9;

        Assert.Equal(WebSocketMessageKind.Binary, binary.Kind);
        Assert.Equal([1, 2, 3], binary.Payload.ToArray());
        Assert.False(binary.Compress);
        Assert.True(WebSocketPreparedMessage.Text("").Compress);
        Assert.Equal(WebSocketMessageKind.Text, WebSocketPreparedMessage.Create("é"u8, WebSocketMessageKind.Text).Kind);
        Assert.Throws<ArgumentOutOfRangeException>(() => WebSocketPreparedMessage.Create([], (WebSocketMessageKind)8));
        Assert.Throws<ArgumentNullException>(() => WebSocketPreparedMessage.Text(null!));
        Assert.Throws<ArgumentNullException>(() => { new TestConnection().Connection.TrySend((WebSocketPreparedMessage)null!); });
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3_000)]
    [InlineData(LongLength)]
    public async Task A_client_masks_a_copy_with_a_new_key(int length)
    {
        var connection = new TestConnection(Role.Client);
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(DeflateSetup.Noise(length));

        connection.Connection.TrySend(message);
        await connection.Connection.SendAsync(message, TestContext.Current.CancellationToken);

        IReadOnlyList<RawFrame> frames = connection.Frames();
        Assert.Equal(2, frames.Count);
        Assert.All(frames, frame => Assert.Equal(DeflateSetup.Noise(length), frame.Payload));
        Assert.NotNull(frames[0].Key);
        Assert.NotEqual(frames[0].Key, frames[1].Key);
        Assert.Equal(DeflateSetup.Noise(length), message.Payload.ToArray());
        Assert.Equal(0, connection.Pool.OutCount);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(LongLength)]
    public async Task A_prepared_message_keeps_its_order_among_other_sends(int length)
    {
        var connection = new TestConnection();
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(new string('p', length));
        connection.Transport.Capacity = 5;

        connection.Connection.TrySend("one"u8, WebSocketMessageKind.Text);
        connection.Connection.TrySend(message);
        connection.Connection.TrySend("two"u8, WebSocketMessageKind.Text);
        connection.Connection.TrySend(message);
        await connection.Connection.SendAsync(message, TestContext.Current.CancellationToken);
        connection.Connection.TrySend("three"u8, WebSocketMessageKind.Text);
        connection.Transport.Drain();

        string prepared = new RawFrame(RawOpcode.Text, message.Payload.ToArray()).ToString();
        Assert.Equal($"Text 'one', {prepared}, Text 'two', {prepared}, {prepared}, Text 'three'", connection.Wire());
        Assert.Equal(0, connection.Connection.SendBufferLength);
        Assert.Equal(0, connection.Pool.OutCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3_000)]
    public void Sends_of_a_callback_leave_in_one_write_with_a_prepared_message(int length)
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[length]);
        var handler = new Answering(connection =>
        {
            connection.TrySend("one"u8, WebSocketMessageKind.Text);
            connection.TrySend(message);
            connection.TrySend(message);
        });
        var connection = new TestConnection(handler: handler);

        connection.Receive("go");

        Assert.Equal(1, connection.Transport.WriteCount);
        Assert.Equal([3, length, length], connection.Frames().Select(frame => frame.Payload.Length));
    }

    [Fact]
    public void A_prepared_message_unblocked_in_a_callback_leaves_with_its_sends()
    {
        const int length = 30_000;
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[length]);
        WebSocketMessageWriter? writer = null;
        var handler = new Answering(_ => Completed(writer!.CompleteAsync("end"u8.ToArray())));
        var connection = new TestConnection(handler: handler);
        writer = connection.Connection.BeginMessage(WebSocketMessageKind.Text);
        Completed(writer.WriteAsync("begin"u8.ToArray()));
        connection.Connection.TrySend(message);

        connection.Receive("go");

        Assert.Equal($"Text… 'begin', Continuation 'end', Binary {length} bytes", connection.Wire());
        Assert.Equal(0, connection.Connection.SendBufferLength);
    }

    [Fact]
    public void A_long_prepared_message_follows_earlier_sends_of_a_callback()
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[LongLength]);
        var handler = new Answering(connection =>
        {
            connection.TrySend("one"u8, WebSocketMessageKind.Text);
            connection.TrySend(message);
            connection.TrySend("two"u8, WebSocketMessageKind.Text);
        });
        var connection = new TestConnection(handler: handler);

        connection.Receive("go");

        Assert.Equal($"Text 'one', Binary {LongLength} bytes, Text 'two'", connection.Wire());
    }

    [Fact]
    public void A_thousand_connections_send_from_one_array()
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[LongLength]);
        var pool = new CountingPool();

        for (int i = 0; i < 1_000; i++)
        {
            long lengthFromMessage = 0;
            var transport = new InMemoryTransport
            {
                KeepsOutput = false,
                Taken = bytes => lengthFromMessage += bytes.Overlaps(message.Payload.Span) ? bytes.Length : 0,
            };
            Assert.Equal(WebSocketSendResult.Sent, Open(transport, pool).TrySend(message));
            Assert.InRange(lengthFromMessage, LongLength, transport.WrittenLength);
        }

        Assert.Equal(0, pool.RentCount);
    }

    [Fact]
    public void A_thousand_blocked_transports_share_one_array()
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[LongLength]);
        var pool = new CountingPool();
        var transports = new InMemoryTransport[1_000];
        long lengthFromMessage = 0;
        for (int i = 0; i < transports.Length; i++)
        {
            transports[i] = new InMemoryTransport
            {
                KeepsOutput = false,
                Capacity = 0,
                Taken = bytes => lengthFromMessage += bytes.Overlaps(message.Payload.Span) ? bytes.Length : 0,
            };
            WebSocketConnection connection = Open(transports[i], pool);

            // One that the transport holds, and one that waits behind it.
            Assert.Equal(WebSocketSendResult.Queued, connection.TrySend(message));
            Assert.Equal(WebSocketSendResult.Queued, connection.TrySend(message));
            Assert.True(transports[i].BlockedWrite.Span.Overlaps(message.Payload.Span));
        }

        Assert.Equal(0, pool.RentCount);
        Assert.All(transports, transport => transport.Drain());
        Assert.Equal(transports.Sum(transport => transport.WrittenLength), lengthFromMessage);
        Assert.InRange(lengthFromMessage, 2L * transports.Length * LongLength, long.MaxValue);
        Assert.False(pool.HasFault);
    }

    [Fact]
    public void A_prepared_message_unsent_at_the_end_is_not_returned_to_a_pool()
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[LongLength]);
        var connection = new TestConnection();
        connection.Transport.Capacity = 10;
        connection.Connection.TrySend(message);
        connection.Connection.TrySend("between"u8);
        connection.Connection.TrySend(message);

        connection.Connection.Abort();

        Assert.Equal(0, connection.Pool.OutCount);
        Assert.False(connection.Pool.HasFault);
        Assert.All(message.Payload.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_prepared_message_waits_for_an_open_fragmented_message()
    {
        var connection = new TestConnection();
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text("prepared");
        WebSocketMessageWriter writer = connection.Connection.BeginMessage(WebSocketMessageKind.Text);
        Completed(writer.WriteAsync("be"u8.ToArray()));

        WebSocketSendResult result = connection.Connection.TrySend(message);
        ValueTask sending = connection.Connection.SendAsync(message, TestContext.Current.CancellationToken);

        Assert.Equal(WebSocketSendResult.Queued, result);
        Assert.False(sending.IsCompleted);
        Assert.Equal(4 + "prepared".Length - 2, connection.Connection.SendBufferLength);
        Completed(writer.CompleteAsync("gun"u8.ToArray()));
        Assert.Equal("Text… 'be', Continuation 'gun', Text 'prepared', Text 'prepared'", connection.Wire());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_send_buffer_refuses_a_prepared_message_or_makes_it_wait(bool isClient)
    {
        var connection = new TestConnection(isClient ? Role.Client : Role.Server, options: SmallBuffer);
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Binary(new byte[LongLength]);
        connection.Transport.Capacity = 0;
        connection.Connection.TrySend(new byte[SendBufferLength]);

        WebSocketSendResult result = connection.Connection.TrySend(message);
        ValueTask sending = connection.Connection.SendAsync(message, TestContext.Current.CancellationToken);
        using var giveUp = new CancellationTokenSource();
        ValueTask givenUp = connection.Connection.SendAsync(message, giveUp.Token);
        await giveUp.CancelAsync();

        Assert.Equal(WebSocketSendResult.Refused, result);
        Assert.False(sending.IsCompleted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await givenUp);
        connection.Transport.Drain();
        await sending;
        connection.Transport.Drain();
        Assert.Equal($"Binary {SendBufferLength} bytes, Binary {LongLength} bytes", connection.Wire());
        Assert.Equal(0, connection.Pool.OutCount);
    }

    [Fact]
    public void The_close_frame_follows_a_prepared_message()
    {
        var connection = new TestConnection();
        connection.Transport.Capacity = 7;
        connection.Connection.TrySend(WebSocketPreparedMessage.Binary(new byte[LongLength]));

        _ = connection.Connection.CloseAsync(cancellationToken: TestContext.Current.CancellationToken).AsTask();
        connection.Transport.Drain();

        Assert.Equal($"Binary {LongLength} bytes, Close 1000", connection.Wire());
    }

    [Fact]
    public async Task A_prepared_message_fails_on_a_closed_connection()
    {
        var connection = new TestConnection();
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text("late");
        connection.ReceiveClose();

        _ = connection.Connection.CloseAsync(cancellationToken: TestContext.Current.CancellationToken).AsTask();

        Assert.Equal(WebSocketSendResult.Closed, connection.Connection.TrySend(message));
        await Assert.ThrowsAsync<WebSocketClosedException>(
            async () => await connection.Connection.SendAsync(message, TestContext.Current.CancellationToken));
    }

    internal static void Completed(ValueTask task)
    {
        Assert.True(task.IsCompletedSuccessfully);
        task.GetAwaiter().GetResult();
    }

    private static WebSocketConnection Open(InMemoryTransport transport, CountingPool pool)
    {
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()),
            NullLogger.Instance, pool);
        var connection = new WebSocketConnection(transport, settings, handler: null);
        connection.Core.Start();
        return connection;
    }

    private sealed class Answering(Action<WebSocketConnection> answer) : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) => answer(connection);
    }
}
