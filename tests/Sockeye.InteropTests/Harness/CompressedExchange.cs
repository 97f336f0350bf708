namespace Sockeye.Tests;

/// <summary>
/// Sends random messages to a peer that sends them back: of 0 bytes to a mebibyte, some in fragments, some uncompressed,
/// some that do not become shorter.
/// </summary>
internal static class CompressedExchange
{
    /// <summary>The minimum number of compressed messages from an end that compresses messages of every length.</summary>
    public const int MinCompressedCount = 12;

    private const int MessageCount = 40;
    private const int MaxLengthLog = 20;

    public static async Task RunAsync(WebSocketConnection connection, int seed)
    {
        Random random = new(seed);
        byte[][] messages = [.. Enumerable.Range(0, MessageCount).Select(i => Make(i, random))];

        Task sending = SendAllAsync(connection, messages, new Random(seed));
        for (int i = 0; i < messages.Length; i++)
        {
            WebSocketMessage message = await connection.ReceiveMessageAsync(Deadline.Token());
            Assert.Equal(KindOf(i), message.Kind);
            Assert.True(message.Payload.Span.SequenceEqual(messages[i]), $"Message {i} came back as another one.");
        }

        await sending;
    }

    private static byte[] Make(int index, Random random)
    {
        int length = index switch
        {
            0 => 0,
            1 => 1 << MaxLengthLog,
            _ => (int)Math.Pow(2, MaxLengthLog * random.NextDouble()),
        };
        if (KindOf(index) == WebSocketMessageKind.Text)
        {
            return PeerPayloads.Json(length, random);
        }

        byte[] noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }

    private static WebSocketMessageKind KindOf(int index) =>
        index % 5 == 4 ? WebSocketMessageKind.Binary : WebSocketMessageKind.Text;

    private static async Task SendAllAsync(WebSocketConnection connection, byte[][] messages, Random random)
    {
        for (int i = 0; i < messages.Length; i++)
        {
            WebSocketMessageKind kind = KindOf(i);
            switch (random.Next(8))
            {
                case 0:
                    await connection.SendAsync(messages[i], kind, compress: false, Deadline.Token());
                    break;
                case 1:
                    await connection.SendAsync(WebSocketPreparedMessage.Create(messages[i], kind), Deadline.Token());
                    break;
                case 2 or 3:
                    await using (WebSocketMessageWriter writer = connection.BeginMessage(kind))
                    {
                        foreach (ReadOnlyMemory<byte> piece in PeerPayloads.Thirds(messages[i]))
                        {
                            await writer.WriteAsync(piece, Deadline.Token());
                        }

                        await writer.CompleteAsync(Deadline.Token());
                    }

                    break;
                default:
                    await connection.SendAsync(messages[i], kind, Deadline.Token());
                    break;
            }
        }
    }
}
