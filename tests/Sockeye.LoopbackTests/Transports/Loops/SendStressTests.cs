using System.Buffers.Binary;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

public sealed class SendStressTests
{
    private const int Senders = 64;
    private const int HeaderLength = 2 * sizeof(int);

    // Primes, so that all combinations of sender, length and way to send come up.
    private const int LengthPeriod = 211;
    private const int FragmentedPeriod = 101;

    private static readonly int Messages = Stress.IsLong ? 10_000 : 1_000;

    [Fact]
    public async Task Messages_of_many_senders_arrive_whole_and_in_order()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(TransportKind.EventLoop);
        Task[] sending = [.. Enumerable.Range(0, Senders).Select(sender => Task.Run(() => SendAsync(pair.Server, sender)))];

        int[] next = new int[Senders];
        for (int i = 0; i < Senders * Messages; i++)
        {
            WebSocketMessage message = await pair.Client.ReceiveMessageAsync().WithDeadline();
            (int sender, int number) = Read(message.Payload.Span);
            Assert.True(message.Payload.Span.SequenceEqual(Message(sender, number)), "the bytes are another's");
            Assert.Equal(next[sender]++, number);
        }

        await Task.WhenAll(sending).WithDeadline();
        Assert.Equal(0, pair.Server.SendBufferLength);
    }

    private static async Task SendAsync(WebSocketConnection connection, int sender)
    {
        for (int number = 0; number < Messages; number++)
        {
            byte[] message = Message(sender, number);
            if (number % FragmentedPeriod == 0)
            {
                await using WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary);
                await writer.WriteAsync(message.AsMemory(0, 3));
                await writer.CompleteAsync(message.AsMemory(3));
            }
            else
            {
                await connection.SendAsync(message);
            }
        }
    }

    private static byte[] Message(int sender, int number)
    {
        byte[] message = new byte[HeaderLength + ((sender + number) % LengthPeriod)];
        message.AsSpan().Fill((byte)(sender ^ number));
        BinaryPrimitives.WriteInt32LittleEndian(message, sender);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(sizeof(int)), number);
        return message;
    }

    private static (int Sender, int Number) Read(ReadOnlySpan<byte> message) =>
        (BinaryPrimitives.ReadInt32LittleEndian(message), BinaryPrimitives.ReadInt32LittleEndian(message[sizeof(int)..]));
}
