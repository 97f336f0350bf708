using System.Buffers;
using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Inflates messages for tests, in whatever pieces.</summary>
internal static class Inflating
{
    /// <summary>
    /// Inflates a message that comes in fragments, into room that is <paramref name="roomLength"/> bytes long each time.
    /// </summary>
    /// <returns>What was inflated; <see langword="null"/> if the message is invalid.</returns>
    public static byte[]? Inflate(IMessageInflater inflater, IReadOnlyList<byte[]> fragments, int roomLength = 4_096)
    {
        var inflated = new ArrayBufferWriter<byte>();
        for (int index = 0; index < fragments.Count; index++)
        {
            ReadOnlySpan<byte> rest = fragments[index];
            bool endsMessage = index == fragments.Count - 1;
            OperationStatus status;
            do
            {
                Span<byte> room = inflated.GetSpan(roomLength)[..roomLength];
                status = inflater.Inflate(rest, endsMessage, room, out int consumed, out int written);
                rest = rest[consumed..];
                inflated.Advance(written);
                Assert.False(status == OperationStatus.DestinationTooSmall && written < roomLength);
            }
            while (status == OperationStatus.DestinationTooSmall);

            if (status == OperationStatus.InvalidData)
            {
                return null;
            }

            Assert.Equal(endsMessage ? OperationStatus.Done : OperationStatus.NeedMoreData, status);
            Assert.True(rest.IsEmpty);
        }

        return inflated.WrittenSpan.ToArray();
    }

    /// <summary>Inflates a message with a window of its own.</summary>
    public static byte[]? Inflate(byte[] message, int windowBits = 15)
    {
        using var inflater = new Inflater(windowBits);
        return Inflate(inflater, [message]);
    }

    /// <summary>Deflates a message, with room for so many bytes at a time.</summary>
    public static byte[] Deflate(Deflater deflater, byte[] message, MessagePart part, int roomLength = 4_096)
    {
        var deflated = new ArrayBufferWriter<byte>();
        ReadOnlySpan<byte> rest = message;
        bool isDone = false;
        while (!isDone)
        {
            isDone = deflater.Deflate(
                rest, part, deflated.GetSpan(roomLength)[..roomLength], out int consumed, out int written);
            rest = rest[consumed..];
            deflated.Advance(written);
        }

        return deflated.WrittenSpan.ToArray();
    }

    /// <summary>Deflates a message with a window of its own.</summary>
    public static byte[] Deflate(byte[] message, int windowBits = 15)
    {
        using var deflater = new Deflater(new DeflateSettings(windowBits, 6, 8, default));
        return Deflate(deflater, message, MessagePart.EndAndReset);
    }

    /// <summary>Bytes as an application might send them: from random to very repetitive, from few to many.</summary>
    public static byte[] RandomMessage(Random random, int maxLength)
    {
        byte[] message = new byte[random.Next(random.Next(4) == 0 ? 20 : maxLength)];
        int alphabet = 1 << random.Next(9);
        for (int index = 0; index < message.Length; index++)
        {
            // Words that were there before, now and then.
            bool repeats = index > 8 && random.Next(3) == 0;
            int length = repeats ? Math.Min(random.Next(3, 40), message.Length - index) : 1;
            int start = random.Next(Math.Max(1, index));
            for (int copied = 0; copied < length; copied++)
            {
                message[index + copied] = repeats ? message[start + copied] : (byte)random.Next(alphabet);
            }

            index += length - 1;
        }

        return message;
    }

    /// <summary>The message in fragments, some of them empty.</summary>
    public static IReadOnlyList<byte[]> Cut(Random random, byte[] message)
    {
        int count = random.Next(1, 6);
        int[] cuts = [0, .. Enumerable.Range(1, count - 1).Select(_ => random.Next(message.Length + 1)).Order(), message.Length];
        return [.. cuts.Zip(cuts.Skip(1), (from, to) => message[from..to])];
    }
}
