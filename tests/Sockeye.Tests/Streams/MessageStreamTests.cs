using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A received message as a stream, with and without DeliverFragments.</summary>
public sealed class MessageStreamTests
{
    private static readonly WebSocketConnectionOptions Fragments = new() { DeliverFragments = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_in_fragments_is_read_to_its_end_and_no_further(bool deliverFragments)
    {
        TestConnection test = Open(deliverFragments);
        test.Receive(Opcode.Text, "Hel"u8, fin: false);
        test.Receive(Opcode.Continuation, "lo"u8);
        test.Receive(Opcode.Binary, "next"u8);

        WebSocketMessageStream first = await ReceiveAsync(test);
        Assert.Equal(WebSocketMessageKind.Text, first.Kind);
        Assert.Equal("Hello", await ReadTextAsync(first));
        Assert.Equal(0, await first.ReadAsync(new byte[1]));
        WebSocketMessageStream second = await ReceiveAsync(test);

        Assert.Equal(WebSocketMessageKind.Binary, second.Kind);
        Assert.Equal("next", await ReadTextAsync(second));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_not_read_of_a_message_is_skipped(bool deliverFragments)
    {
        TestConnection test = Open(deliverFragments);
        test.Receive(Opcode.Text, "un"u8, fin: false);
        test.Receive(Opcode.Continuation, "re"u8, fin: false);
        test.Receive(Opcode.Continuation, "ad"u8);
        test.Receive("next");
        WebSocketMessageStream unread = await ReceiveAsync(test);

        WebSocketMessageStream next = await ReceiveAsync(test);

        Assert.Equal("next", await ReadTextAsync(next));
        await Assert.ThrowsAsync<InvalidOperationException>(() => unread.ReadAsync(new byte[1]).AsTask());
        Assert.Throws<InvalidOperationException>(() => unread.Read(new byte[1]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => unread.CopyToAsync(Stream.Null));
    }

    [Fact]
    public async Task A_stream_of_which_all_arrived_pieces_were_read_is_invalid_after_another_receive()
    {
        TestConnection test = Open(deliverFragments: true);
        test.Receive(Opcode.Text, "one"u8, fin: false);
        WebSocketMessageStream stream = await ReceiveAsync(test);
        Assert.Equal(3, await stream.ReadAsync(new byte[10]));
        test.Receive(Opcode.Continuation, "two"u8, fin: false);
        Assert.NotNull(await test.Connection.ReceiveFragmentAsync());

        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.ReadAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task A_stream_begins_with_the_first_fragment()
    {
        TestConnection test = Open(deliverFragments: true);
        Task<WebSocketMessageStream?> receiving = test.Connection.ReceiveMessageStreamAsync().AsTask();
        test.Receive(Opcode.Text, "first"u8, fin: false);
        WebSocketMessageStream stream = Assert.IsType<WebSocketMessageStream>(await receiving.WithDeadline());
        byte[] buffer = new byte[10];
        Assert.Equal(5, await stream.ReadAsync(buffer));
        Task<int> second = stream.ReadAsync(buffer, 0, 10, default);
        Assert.False(second.IsCompleted);

        test.Receive(Opcode.Continuation, "then"u8);

        Assert.Equal(4, await second.WithDeadline());
        Assert.Equal("then", Encoding.UTF8.GetString(buffer, 0, 4));
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }

    [Fact]
    public async Task Canceling_a_read_loses_no_bytes()
    {
        TestConnection test = Open(deliverFragments: true);
        test.Receive(Opcode.Text, "a"u8, fin: false);
        WebSocketMessageStream stream = await ReceiveAsync(test);
        byte[] buffer = new byte[10];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => stream.ReadAsync(buffer, new CancellationToken(canceled: true)).AsTask());
        Assert.Equal(1, await stream.ReadAsync(buffer));
        using var cancellation = new CancellationTokenSource();
        Task<int> canceled = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);

        test.Receive(Opcode.Continuation, "b"u8);

        Assert.Equal("b", await ReadTextAsync(stream));
    }

    [Fact]
    public async Task A_canceled_skip_goes_on_at_the_next_receive()
    {
        TestConnection test = Open(deliverFragments: true);
        test.Receive(Opcode.Text, "a"u8, fin: false);
        WebSocketMessageStream stream = await ReceiveAsync(test);
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketMessageStream?> canceled = test.Connection.ReceiveMessageStreamAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        Assert.Throws<InvalidOperationException>(() => stream.Read(new byte[1]));

        test.Receive(Opcode.Continuation, "b"u8);
        test.Receive("next");

        Assert.Equal("next", await ReadTextAsync(await ReceiveAsync(test)));
    }

    [Fact]
    public async Task A_read_of_no_bytes_waits_for_some()
    {
        TestConnection test = Open(deliverFragments: true);
        test.Receive(Opcode.Text, "a"u8, fin: false);
        WebSocketMessageStream stream = await ReceiveAsync(test);
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty));
        Assert.Equal(1, await stream.ReadAsync(new byte[10]));
        Task<int> waiting = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(waiting.IsCompleted);

        test.Receive(Opcode.Continuation, "b"u8);

        Assert.Equal(0, await waiting.WithDeadline());
        Assert.Equal("b", await ReadTextAsync(stream));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_empty_message_is_an_empty_stream(bool deliverFragments)
    {
        TestConnection test = Open(deliverFragments);
        test.Receive(Opcode.Text, []);

        Assert.Equal(0, (await ReceiveAsync(test)).Read(new byte[1]));
    }

    [Fact]
    public async Task Streams_end_where_messages_end()
    {
        TestConnection test = Open(deliverFragments: false);
        test.Receive("one");
        test.Receive("two");
        test.ReceiveClose();
        test.Transport.EndInput();
        List<string> texts = [];

        await foreach (WebSocketMessageStream message in test.Connection.ReadAllMessageStreamsAsync())
        {
            texts.Add(await ReadTextAsync(message));
        }

        Assert.Equal(["one", "two"], texts);
        Assert.Null(await test.Connection.ReceiveMessageStreamAsync());
    }

    [Fact]
    public async Task A_connection_that_is_lost_throws_from_the_receive()
    {
        TestConnection test = Open(deliverFragments: false);
        test.Transport.EndInput();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveMessageStreamAsync().AsTask());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_that_never_ends_throws_an_IOException(bool clean)
    {
        TestConnection test = Open(deliverFragments: true);
        test.Receive(Opcode.Binary, "part"u8, fin: false);
        WebSocketMessageStream stream = await ReceiveAsync(test);
        if (clean)
        {
            // RFC 6455 §5.5.1: between two fragments.
            test.ReceiveClose();
        }

        test.Transport.EndInput();
        Assert.Equal(4, await stream.ReadAsync(new byte[10]));

        IOException thrown = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[1]).AsTask());

        Assert.Equal(clean, Assert.IsType<WebSocketClosedException>(thrown.InnerException).Result.WasClean);
    }

    [Fact]
    public async Task Pieces_are_copied_from_where_they_are()
    {
        TestConnection test = Open(deliverFragments: false);
        test.Receive(Opcode.Binary, Payload(100_000));
        WebSocketMessageStream stream = await ReceiveAsync(test);
        int rentCount = test.Pool.RentCount;
        var target = new MemoryStream(100_000);

        await stream.CopyToAsync(target);

        Assert.Equal(rentCount, test.Pool.RentCount);
        Assert.Equal(Payload(100_000), target.ToArray());
    }

    [Fact]
    public async Task A_handlers_connection_has_no_streams()
    {
        var test = new TestConnection(handler: new RecordingHandler());

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await test.Connection.ReceiveMessageStreamAsync());
    }

    [Fact]
    public async Task A_disposed_stream_throws_and_the_connection_goes_on()
    {
        TestConnection test = Open(deliverFragments: false);
        test.Receive("one");
        test.Receive("two");
        WebSocketMessageStream stream = await ReceiveAsync(test);

        await stream.DisposeAsync();

        Assert.False(stream.CanRead);
        Assert.Throws<ObjectDisposedException>(() => stream.Read(new byte[1]));
        Assert.Equal("two", await ReadTextAsync(await ReceiveAsync(test)));
    }

    private static TestConnection Open(bool deliverFragments) =>
        new(options: deliverFragments ? Fragments : new WebSocketConnectionOptions());

    private static async Task<WebSocketMessageStream> ReceiveAsync(TestConnection test) =>
        Assert.IsType<WebSocketMessageStream>(await test.Connection.ReceiveMessageStreamAsync().WithDeadline());

    private static async Task<string> ReadTextAsync(Stream stream)
    {
        var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes).WithDeadline();
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static byte[] Payload(int length)
    {
        byte[] payload = new byte[length];
        new Random(1).NextBytes(payload);
        return payload;
    }
}
