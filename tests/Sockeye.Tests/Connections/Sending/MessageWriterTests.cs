using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>A message written as a stream, or into rented memory.</summary>
public sealed class MessageWriterTests
{
    private readonly TestConnection _test = new();

    [Fact]
    public async Task What_is_written_into_rented_memory_leaves_with_the_flush()
    {
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Text);
        writer.Write("He"u8);
        writer.GetSpan(3)[0] = (byte)'l';
        writer.Advance(1);
        Assert.Empty(_test.Frames());

        await writer.FlushAsync();
        await writer.FlushAsync();
        Assert.Equal("Text 48656C, no FIN", Shown(_test.Frames()));
        writer.WriteByte((byte)'l');
        writer.Write([(byte)'o'], 0, 1);
        await writer.CompleteAsync();

        Assert.Equal("Continuation 6C6F", Shown(_test.Frames()));
        Assert.False(writer.CanWrite);
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Fact]
    public async Task Gathered_bytes_go_before_the_next_write_and_before_the_last_part()
    {
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        writer.Write([1]);
        await writer.WriteAsync(new byte[] { 2 });
        writer.Write([3]);
        await writer.CompleteAsync(new byte[] { 4 });

        Assert.Equal("Binary 01, no FIN; Continuation 02, no FIN; Continuation 03, no FIN; Continuation 04", Shown(_test.Frames()));
    }

    [Fact]
    public async Task A_message_that_was_only_gathered_is_one_frame()
    {
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await using (var json = new Utf8JsonWriter((IBufferWriter<byte>)writer))
        {
            json.WriteNumberValue(42);
        }

        await writer.CompleteAsync();

        Assert.Equal("Text 3432", Shown(_test.Frames()));
    }

    [Fact]
    public async Task A_value_is_serialized_into_a_message()
    {
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Text);
        int[] value = [.. Enumerable.Range(0, 20_000)];

        await JsonSerializer.SerializeAsync(writer, value);
        await writer.CompleteAsync();

        Assert.Equal(JsonSerializer.Serialize(value), Encoding.UTF8.GetString(Message(_test.Frames())));
    }

    [Fact]
    public async Task A_compressor_writes_into_a_message_and_leaves_it_open()
    {
        byte[] content = new byte[200_000];
        new Random(1).NextBytes(content);
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        await using (var gzip = new GZipStream(writer, CompressionLevel.Fastest, leaveOpen: true))
        {
            await new MemoryStream(content).CopyToAsync(gzip);
        }

        await writer.CompleteAsync();

        var inflated = new MemoryStream();
        await new GZipStream(new MemoryStream(Message(_test.Frames())), CompressionMode.Decompress).CopyToAsync(inflated);
        Assert.Equal(content, inflated.ToArray());
    }

    [Fact]
    public async Task Synchronous_writes_send_a_fragment_for_every_16_KiB()
    {
        byte[] content = new byte[50_000];
        new Random(1).NextBytes(content);
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);

        new MemoryStream(content).WriteTo(writer);
        writer.Flush();
        await writer.CompleteAsync();

        IReadOnlyList<RawFrame> frames = _test.Frames();
        Assert.Equal([16_384, 16_384, 16_384, 848, 0], frames.Select(frame => frame.Payload.Length));
        Assert.Equal(content, Message(frames));
    }

    [Fact]
    public async Task Memory_grows_with_what_is_gathered_and_is_returned()
    {
        WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        byte[] content = new byte[300_000];
        new Random(1).NextBytes(content);
        foreach (byte[] part in content.Chunk(1000))
        {
            part.CopyTo(writer.GetMemory(part.Length));
            writer.Advance(part.Length);
        }

        await writer.CompleteAsync();

        Assert.Equal(content, Message(_test.Frames()));
        Assert.Equal(0, _test.Pool.OutCount);
        Assert.False(_test.Pool.HasFault);
    }

    [Fact]
    public async Task Disposing_before_anything_was_sent_withdraws_the_message()
    {
        await using (WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary))
        {
            writer.Write(new byte[100]);
        }

        Assert.Empty(_test.Frames());
        Assert.Equal(WebSocketConnectionState.Open, _test.Connection.State);
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disposing_after_a_part_was_sent_fails_the_connection(bool synchronously)
    {
        WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        writer.Write([1]);
        await writer.FlushAsync();
        writer.Write([2]);

        if (synchronously)
        {
            writer.Dispose();
        }

        await writer.DisposeAsync();

        Assert.Equal("Binary 01, no FIN; Close 03F3", Shown(_test.Frames()));
        Assert.Throws<InvalidOperationException>(() => writer.GetMemory());
        Assert.Equal(0, _test.Pool.OutCount);
    }

    [Fact]
    public async Task A_canceled_flush_keeps_the_bytes()
    {
        using var cancellation = new CancellationTokenSource();
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        _test.Transport.Capacity = 0;
        while (_test.Connection.TrySend(new byte[100_000]) == WebSocketSendResult.Queued)
        {
        }

        writer.Write([1]);
        Task flush = writer.FlushAsync(cancellation.Token);
        Assert.Throws<InvalidOperationException>(() => writer.Write([2]));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        writer.Write([2]);
        _test.Transport.Capacity = int.MaxValue;
        _test.Transport.Drain();
        _test.Frames();

        await writer.CompleteAsync().WithDeadline();

        Assert.Equal("Binary 0102", Shown(_test.Frames()));
    }

    [Fact]
    public async Task A_closed_connection_throws()
    {
        await using WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        _test.Connection.Abort();
        writer.Write([1]);

        await Assert.ThrowsAsync<WebSocketClosedException>(() => writer.FlushAsync());
        Assert.Throws<WebSocketClosedException>(writer.Flush);
    }

    [Fact]
    public async Task Misuse_throws()
    {
        WebSocketMessageWriter writer = _test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.GetMemory(-1));
        Assert.Throws<NotSupportedException>(() => writer.Read(new byte[1]));
        Assert.False(writer.CanRead || writer.CanSeek);
        await writer.CompleteAsync();

        Assert.Throws<InvalidOperationException>(() => writer.Write([1]));
        Assert.Throws<InvalidOperationException>(() => writer.GetMemory());
        await writer.DisposeAsync();
        Assert.Equal(WebSocketConnectionState.Open, _test.Connection.State);
    }

    private static byte[] Message(IReadOnlyList<RawFrame> frames)
    {
        Assert.All(frames.SkipLast(1), frame => Assert.False(frame.Fin));
        Assert.True(frames[^1].Fin);
        return [.. frames.SelectMany(frame => frame.Payload)];
    }

    private static string Shown(IEnumerable<RawFrame> frames) =>
        string.Join("; ", frames.Select(frame =>
            $"{(Opcode)frame.Opcode} {Convert.ToHexString(frame.Payload)}{(frame.Fin ? "" : ", no FIN")}"));
}
