using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Sockeye.Compression;
using static Sockeye.Tests.Inflating;

namespace Sockeye.Tests;

/// <summary>
/// Random and mutated messages, inflated here, by the reference, and by the platform's own classes (DF-50). For so many
/// seconds as SOCKEYE_DIFFERENTIAL_SECONDS says; with another seed in SOCKEYE_DIFFERENTIAL_SEED.
/// </summary>
public sealed class DifferentialTests : IDisposable
{
    private const int UsualSeconds = 1;
    private const int UsualSeed = 20_260_101;

    private readonly Random _random = new(Setting("SOCKEYE_DIFFERENTIAL_SEED", UsualSeed));

    // One for all messages, as on a connection without context takeover.
    private readonly Inflater _inflater = new(15);

    public void Dispose() => _inflater.Dispose();

    [Fact]
    public void Mutated_messages_are_read_alike()
    {
        int valid = 0;
        int count = RunFor(() =>
        {
            byte[] message = Valid();
            for (int mutations = _random.Next(4); mutations > 0 && message.Length > 0; mutations--)
            {
                message = Mutate(message);
            }

            valid += AssertReadAlike(message) ? 1 : 0;
        });

        Assert.InRange(valid, count / 20, count * 19 / 20);
    }

    [Fact]
    public void Random_messages_are_read_alike()
    {
        int count = RunFor(() =>
        {
            byte[] message = new byte[_random.Next(40)];
            _random.NextBytes(message);

            // The types of block equally often.
            if (message.Length > 0 && _random.Next(2) == 0)
            {
                message[0] = (byte)((message[0] & ~7) | _random.Next(6));
            }

            AssertReadAlike(message);
        });

        Assert.True(count > 100);
    }

    private bool AssertReadAlike(byte[] message)
    {
        Assert.True(_inflater.TryReset());
        byte[]? inflated = Inflating.Inflate(_inflater, Cut(_random, message), _random.Next(1, 1_000));

        Assert.True(
            Same(ReferenceInflater.Inflate(message), inflated),
            $"The reference reads {Convert.ToHexString(message)} otherwise.");
        if (inflated is not null && message.Length > 0)
        {
            byte[]? byPlatform = InflateByPlatform(message);
            Assert.True(
                Same(byPlatform, inflated) || (HasBfinal(message) && inflated.AsSpan().StartsWith(byPlatform)),
                $"The platform reads {Convert.ToHexString(message)} otherwise.");
        }

        return inflated is not null;
    }

    private static bool Same(byte[]? one, byte[]? other) =>
        one is null || other is null ? one is null && other is null : one.AsSpan().SequenceEqual(other);

    // The platform's class reads one stream, to its end; a message may have several.
    private static bool HasBfinal(byte[] message)
    {
        using var handle = new InflateHandle(15);
        byte[] room = new byte[1_024];
        ZLibStatus status = ZLibStatus.Ok;
        ReadOnlySpan<byte> rest = [.. message, 0x00, 0x00, 0xFF, 0xFF];
        int written = room.Length;
        while (status == ZLibStatus.Ok && (rest.Length > 0 || written == room.Length))
        {
            status = handle.Run(rest, room, ZLibFlush.Sync, out int consumed, out written);
            rest = rest[consumed..];
        }

        return status == ZLibStatus.StreamEnd;
    }

    private static byte[]? InflateByPlatform(byte[] message)
    {
        try
        {
            using var stream = new DeflateStream(
                new MemoryStream([.. message, 0x00, 0x00, 0xFF, 0xFF, 0x01, 0x00, 0x00, 0xFF, 0xFF]), CompressionMode.Decompress);
            using var inflated = new MemoryStream();
            stream.CopyTo(inflated);
            return inflated.ToArray();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private byte[] Valid()
    {
        using var deflater = new Deflater(new DeflateSettings(
            _random.Next(9, 16), _random.Next(1, 10), _random.Next(1, 10), (ZLibCompressionStrategy)_random.Next(5)));
        byte[] message = [];
        for (int fragments = _random.Next(3); fragments > 0; fragments--)
        {
            message = [.. message, .. Deflate(deflater, RandomMessage(_random, 150), MessagePart.Fragment)];
        }

        message = [.. message, .. Deflate(deflater, RandomMessage(_random, 150), MessagePart.End)];
        return _random.Next(8) == 0 ? [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, .. message] : message;
    }

    private byte[] Mutate(byte[] message)
    {
        int index = _random.Next(message.Length);
        switch (_random.Next(5))
        {
            case 0:
                return message[..index];
            case 1:
                return [.. message[..index], (byte)_random.Next(256), .. message[index..]];
            case 2:
                return [.. message[..index], .. message[_random.Next(index, message.Length)..]];
            case 3:
                message[index] = (byte)_random.Next(256);
                return message;
            default:
                message[index] ^= (byte)(1 << _random.Next(8));
                return message;
        }
    }

    private static int RunFor(Action action)
    {
        TimeSpan time = TimeSpan.FromSeconds(Setting("SOCKEYE_DIFFERENTIAL_SECONDS", UsualSeconds));
        long started = Stopwatch.GetTimestamp();
        int count = 0;
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            action();
            count++;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{count} messages");
        return count;
    }

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : usual;
}
