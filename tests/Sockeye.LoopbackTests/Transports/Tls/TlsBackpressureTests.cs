using System.Security.Authentication;

namespace Sockeye.Tests;

/// <summary>Peers over TLS that read slowly, or not for a while.</summary>
public sealed class TlsBackpressureTests
{
    private const int SenderCount = 8;
    private const int MessagesOfEach = 40;
    private const int MaxLength = 300_000;

    // The number of the sender and of its message.
    private const int HeaderLength = 2;

    /// <summary>Both roles and both versions.</summary>
    public static MatrixTheoryData<TappedEnd, SslProtocols> Both { get; } =
        new(Enum.GetValues<TappedEnd>(), [SslProtocols.Tls12, SslProtocols.Tls13]);

    [Theory]
    [MemberData(nameof(Both))]
    public async Task Eight_senders_wait_for_a_peer_that_does_not_read_and_lose_nothing(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        WebSocketConnection connection = pair.Connection;
        Task[] sending = [.. Enumerable.Range(0, SenderCount).Select(sender => Task.Run(() => SendAllAsync(connection, sender)))];
        await Deadlines.UntilAsync(() => connection.Core.Sends.IsBlocked, "senders wait");
        Assert.DoesNotContain(sending, static task => task.IsFaulted);
        Assert.Contains(sending, static task => !task.IsCompleted);

        int[] next = new int[SenderCount];
        for (int count = 0; count < SenderCount * MessagesOfEach; count++)
        {
            RawFrame frame = await pair.Peer.ReadFrameAsync();
            int sender = frame.Payload[0];
            Assert.Equal(next[sender]++, frame.Payload[1]);
            Assert.Equal(Message(sender, frame.Payload[1]), frame.Payload);
        }

        await Task.WhenAll(sending).WithDeadline();
        Assert.All(next, static count => Assert.Equal(MessagesOfEach, count));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task All_that_was_accepted_before_a_close_arrives_and_then_close_notify(TappedEnd end, SslProtocols version)
    {
        await using TappedTls pair = await TappedTls.OpenAsync(end, version);
        List<byte[]> accepted = [];
        byte[] message = Payloads.Bytes(100_000);
        while (accepted.Count < 1000 && pair.Connection.TrySend(message, WebSocketMessageKind.Binary) is WebSocketSendResult.Sent or WebSocketSendResult.Queued)
        {
            accepted.Add(message);
        }

        Assert.InRange(accepted.Count, 2, 999);
        Task<WebSocketCloseResult> closing = pair.Connection.CloseAsync().AsTask();
        Assert.False(closing.IsCompleted);

        for (int number = 0; number < accepted.Count; number++)
        {
            Assert.Equal(message, (await pair.Peer.ReadFrameAsync()).Payload);
        }

        Assert.Equal(1000, (await pair.Peer.ReadFrameAsync()).CloseCode);
        await pair.Peer.SendAsync(pair.Frame(RawFrame.Close, 0x03, 0xE8));
        if (end == TappedEnd.Client)
        {
            // A client lets the server close first (RFC 6455 §7.1.1).
            await pair.Tls.ShutdownAsync().WithDeadline();
            pair.EndOutput();
        }

        Assert.Equal(0, await pair.Tls.ReadAsync(new byte[1]).WithDeadline());
        Assert.True((await closing.WithDeadline()).WasClean);
    }

    private static byte[] Message(int sender, int number)
    {
        byte[] message = new byte[HeaderLength + (int)((long)number * number * number * MaxLength / (MessagesOfEach * MessagesOfEach * MessagesOfEach))];
        new Random((sender * MessagesOfEach) + number).NextBytes(message);
        message[0] = (byte)sender;
        message[1] = (byte)number;
        return message;
    }

    private static async Task SendAllAsync(WebSocketConnection connection, int sender)
    {
        for (int number = 0; number < MessagesOfEach; number++)
        {
            await connection.SendAsync(Message(sender, number), WebSocketMessageKind.Binary);
        }
    }
}
