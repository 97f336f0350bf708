using System.Text;

namespace Sockeye.Tests;

/// <summary>Prepared messages over every transport.</summary>
public sealed class PreparedOverTransportsTests
{
    private const int MessageCount = 60;

    [Theory]
    [EachTransport]
    public async Task Prepared_messages_arrive_whole_and_in_order_at_a_slow_peer(TransportKind kind)
    {
        WebSocketPreparedMessage[] prepared = [.. Enumerable.Range(0, 5).Select(i => WebSocketPreparedMessage.Text(Text(i, 60_000 * i)))];
        foreach (PerMessageDeflateOptions? compression in new[] { null, PerMessageDeflateOptions.Default, PerMessageDeflateOptions.Shared })
        {
            await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, compression: compression);

            // Far more than the sockets take: the send buffer fills, and transports are blocked inside shared arrays.
            Task sending = Task.WhenAll(SendAllAsync(pair.Server, prepared), SendAllAsync(pair.Client, prepared));
            await ReceiveAllAsync(pair.Client, prepared);
            await ReceiveAllAsync(pair.Server, prepared);
            await sending.WithDeadline();
        }
    }

    private static async Task SendAllAsync(WebSocketConnection connection, WebSocketPreparedMessage[] prepared)
    {
        for (int i = 0; i < MessageCount; i++)
        {
            WebSocketPreparedMessage message = prepared[i % prepared.Length];
            if (i % 2 == 0 || connection.TrySend(message) == WebSocketSendResult.Refused)
            {
                await connection.SendAsync(message);
            }

            await connection.SendAsync(Text(i, 1_500));
        }
    }

    private static async Task ReceiveAllAsync(WebSocketConnection connection, WebSocketPreparedMessage[] prepared)
    {
        for (int i = 0; i < MessageCount; i++)
        {
            WebSocketMessage message = await connection.ReceiveMessageAsync().WithDeadline();
            Assert.True(message.Payload.Span.SequenceEqual(prepared[i % prepared.Length].Payload.Span), $"prepared message {i}");
            message = await connection.ReceiveMessageAsync().WithDeadline();
            Assert.Equal(Text(i, 1_500), message.GetText());
        }
    }

    private static string Text(int number, int length)
    {
        var text = new StringBuilder();
        for (int i = 0; text.Length < length; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"message {number}, word {i * i}; ");
        }

        return text.ToString();
    }
}
