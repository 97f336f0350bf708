using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using Nerdbank.Streams;

namespace Sockeye.Tests;

/// <summary>Nerdbank.Streams, which makes streams, pipes and multiplexed channels of a WebSocket.</summary>
public sealed class NerdbankStreamsTests
{
    private const int Length = 1_000_000;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Channels_of_a_multiplexing_stream_carry_bytes_in_both_directions(bool isPortable, bool deliverFragments)
    {
        await using AdaptedPair pair = await AdaptedPair.ConnectAsync(isPortable, deliverFragments);
        Task<MultiplexingStream> accepting = MultiplexingStream.CreateAsync(pair.Server.AsStream(), Deadline.Token());
        await using MultiplexingStream client = await MultiplexingStream.CreateAsync(pair.Client.AsStream(), Deadline.Token());
        await using MultiplexingStream server = await accepting.WaitAsync(Deadline.Length);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            Task<MultiplexingStream.Channel> offering = client.OfferChannelAsync($"{i}", Deadline.Token());
            MultiplexingStream.Channel accepted = await server.AcceptChannelAsync($"{i}", Deadline.Token());
            MultiplexingStream.Channel offered = await offering;
            byte[] sent = new byte[Length];
            new Random(i).NextBytes(sent);
            await Task.WhenAll(ExchangeAsync(offered, sent), ExchangeAsync(accepted, sent));
        }));
    }

    [Fact]
    public async Task A_pipe_over_the_socket_ends_when_the_other_end_closes()
    {
        await using AdaptedPair pair = await AdaptedPair.ConnectAsync(isPortable: false, deliverFragments: false);
        IDuplexPipe client = pair.Client.UsePipe(cancellationToken: Deadline.Token());
        IDuplexPipe server = pair.Server.UsePipe(cancellationToken: Deadline.Token());
        byte[] sent = new byte[Length];
        new Random(1).NextBytes(sent);

        Task sending = client.Output.WriteAsync(sent, Deadline.Token()).AsTask();
        ReadResult read = await server.Input.ReadAtLeastAsync(sent.Length, Deadline.Token());
        byte[] received = read.Buffer.ToArray();
        server.Input.AdvanceTo(read.Buffer.End);
        await sending;
        Task closing = pair.Client.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        read = await server.Input.ReadAsync(Deadline.Token());
        Assert.True(read.IsCompleted);
        await pair.Server.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        await closing;

        Assert.True(sent.AsSpan().SequenceEqual(received));
        Assert.All(await pair.ClosedAsync(), result => Assert.True(result.WasClean));
    }

    private static async Task ExchangeAsync(MultiplexingStream.Channel channel, byte[] sent)
    {
        using Stream stream = channel.AsStream();
        Task sending = stream.WriteAsync(sent, Deadline.Token()).AsTask();
        byte[] received = new byte[sent.Length];
        await stream.ReadExactlyAsync(received, Deadline.Token());
        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }
}
