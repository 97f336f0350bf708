using System.IO.Pipelines;

namespace Sockeye.Tests;

/// <summary>Streams and pipes over every transport.</summary>
public sealed class StreamsOverTransportsTests
{
    private const int Length = 3_000_000;

    [Theory]
    [EachTransport]
    public async Task Bytes_pass_through_streams_of_both_ends_at_once(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        byte[] payload = Payloads.Bytes(Length);
        Stream server = pair.Server.AsStream();
        Stream client = pair.Client.AsStream();

        Task<bool> serverReading = ReadAsync(server);
        Task<bool> clientReading = ReadAsync(client);
        await Task.WhenAll(WriteAsync(server), WriteAsync(client)).WithDeadline();
        Assert.True(await serverReading.WithDeadline());
        Assert.True(await clientReading.WithDeadline());
        Task<int> end = server.ReadAsync(new byte[1]).AsTask();
        await Task.WhenAll(client.DisposeAsync().AsTask(), end).WithDeadline();
        await server.DisposeAsync().AsTask().WithDeadline();

        Assert.Equal(0, await end);
        Assert.True((await pair.WhenClosedAsync()).Server.WasClean);

        async Task WriteAsync(Stream stream)
        {
            for (int start = 0, step = 1; start < payload.Length; start += step, step = Math.Min(2 * step, 100_000))
            {
                await stream.WriteAsync(payload.AsMemory(start, Math.Min(step, payload.Length - start)));
            }
        }

        async Task<bool> ReadAsync(Stream stream)
        {
            byte[] received = new byte[payload.Length];
            await stream.ReadExactlyAsync(received);
            return payload.AsSpan().SequenceEqual(received);
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_slow_reader_of_a_stream_slows_the_writer_and_loses_nothing(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        Stream server = pair.Server.AsStream();
        Stream client = pair.Client.AsStream();
        byte[] part = Payloads.Bytes(100_000);
        int written = 0;
        Task waiting;
        do
        {
            waiting = server.WriteAsync(part).AsTask();
            written++;
        }
        while (waiting.IsCompleted);

        byte[] received = new byte[part.Length];
        for (int i = 0; i < written; i++)
        {
            await client.ReadExactlyAsync(received).AsTask().WithDeadline();
            Assert.True(part.AsSpan().SequenceEqual(received), $"part {i}");
        }

        await waiting.WithDeadline();
    }

    [Theory]
    [EachTransport]
    public async Task Bytes_pass_through_pipes(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        IDuplexPipe server = pair.Server.AsDuplexPipe();
        IDuplexPipe client = pair.Client.AsDuplexPipe();
        byte[] payload = Payloads.Bytes(Length);

        Task echoing = server.Input.CopyToAsync(server.Output);
        Task writing = WriteAsync();
        long position = 0;
        while (position < payload.Length)
        {
            ReadResult result = await client.Input.ReadAsync().AsTask().WithDeadline();
            foreach (ReadOnlyMemory<byte> memory in result.Buffer)
            {
                Assert.True(payload.AsSpan((int)position, memory.Length).SequenceEqual(memory.Span), $"at {position}");
                position += memory.Length;
            }

            client.Input.AdvanceTo(result.Buffer.End);
        }

        await writing.WithDeadline();
        await client.Output.CompleteAsync();
        await echoing.WithDeadline();
        await server.Output.CompleteAsync();

        Assert.True((await pair.WhenClosedAsync()).Client.WasClean);

        async Task WriteAsync()
        {
            foreach (byte[] part in payload.Chunk(70_000))
            {
                await client.Output.WriteAsync(part);
            }
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_message_is_copied_from_stream_to_stream_as_it_arrives(TransportKind kind)
    {
        var pieces = new WebSocketConnectionOptions { DeliverFragments = true };
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, serverOptions: pieces, clientOptions: pieces);
        byte[] payload = Payloads.Bytes(900_000);
        Task echoing = EchoAsync(pair.Server);

        foreach (int length in new[] { 0, 1, 65_536, payload.Length })
        {
            Task sending = pair.Client.SendAsync(payload.AsMemory(0, length)).AsTask();
            var received = new MemoryStream();
            WebSocketMessageStream reply = Assert.IsType<WebSocketMessageStream>(
                await pair.Client.ReceiveMessageStreamAsync().WithDeadline());
            await reply.CopyToAsync(received).WithDeadline();
            await sending.WithDeadline();

            Assert.True(payload.AsSpan(0, length).SequenceEqual(received.ToArray()), $"{length} bytes");
            Assert.Equal(WebSocketMessageKind.Binary, reply.Kind);
        }

        await pair.Client.CloseAsync().WithDeadline();
        await echoing.WithDeadline();
    }

    [Theory]
    [EachTransport]
    public async Task A_stream_ends_with_a_close_of_the_peer_and_fails_with_a_lost_one(TransportKind kind)
    {
        foreach (bool isServer in new[] { true, false })
        {
            foreach (bool isClean in new[] { true, false })
            {
                await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
                WebSocketConnection peer = isServer ? pair.Client : pair.Server;
                Stream stream = (isServer ? pair.Server : pair.Client).AsStream();
                await peer.SendAsync("last").WithDeadline();
                byte[] buffer = new byte[10];
                Assert.Equal(4, await stream.ReadAsync(buffer).AsTask().WithDeadline());
                Task<int> end = stream.ReadAsync(buffer).AsTask();

                if (isClean)
                {
                    await peer.CloseAsync().WithDeadline();
                    Assert.Equal(0, await end.WithDeadline());
                }
                else
                {
                    peer.Abort();
                    await Assert.ThrowsAsync<IOException>(() => end.WithDeadline());
                }

                IOException thrown = await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(buffer).AsTask());
                Assert.IsType<WebSocketClosedException>(thrown.InnerException);
                await stream.DisposeAsync().AsTask().WithDeadline();
            }
        }
    }

    internal static async Task EchoAsync(WebSocketConnection connection)
    {
        await foreach (WebSocketMessageStream message in connection.ReadAllMessageStreamsAsync())
        {
            await using WebSocketMessageWriter reply = connection.BeginMessage(message.Kind);
            await message.CopyToAsync(reply);
            await reply.CompleteAsync();
        }
    }
}
