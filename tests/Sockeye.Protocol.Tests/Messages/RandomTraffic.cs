using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>Random valid frames, and the expected results in the notation of ReaderRun.</summary>
internal static class RandomTraffic
{
    private static readonly int[] Lengths = [0, 1, 5, 124, 125, 126, 127, 300, 4_000, 65_535, 65_536];

    public static (byte[] Frames, List<string> Expected) Create(Random random)
    {
        List<byte> frames = [];
        List<string> expected = [];
        int count = random.Next(1, 20);
        for (int i = 0; i < count; i++)
        {
            AddMessage(frames, expected, random);
        }

        return ([.. frames], expected);
    }

    private static void AddMessage(List<byte> frames, List<string> expected, Random random)
    {
        bool text = random.Next(2) == 0;
        byte[] payload = text ? RandomText(random) : RandomBytes(random, Lengths[random.Next(Lengths.Length)]);

        int fragments = random.Next(2) == 0 ? 1 : random.Next(2, 6);
        int offset = 0;
        for (int i = 0; i < fragments; i++)
        {
            bool last = i == fragments - 1;
            int length = last ? payload.Length - offset : random.Next(0, payload.Length - offset + 1);
            int opcode = i > 0 ? 0 : text ? 1 : 2;
            AddFrame(frames, (byte)((last ? 0x80 : 0) | opcode), payload.AsSpan(offset, length));
            offset += length;
            if (!last && random.Next(3) == 0)
            {
                AddControl(frames, expected, random);
            }
        }

        expected.Add(text ? "text " + Encoding.UTF8.GetString(payload) : "binary " + Convert.ToHexString(payload));
        if (random.Next(4) == 0)
        {
            AddControl(frames, expected, random);
        }
    }

    private static void AddControl(List<byte> frames, List<string> expected, Random random)
    {
        bool ping = random.Next(2) == 0;
        byte[] payload = RandomBytes(random, random.Next(0, 126));
        AddFrame(frames, (byte)(ping ? 0x89 : 0x8A), payload);
        expected.Add((ping ? "ping " : "pong ") + Convert.ToHexString(payload));
    }

    private static void AddFrame(List<byte> frames, byte first, ReadOnlySpan<byte> payload)
    {
        frames.Add(first);
        int length = payload.Length;
        if (length < 126)
        {
            frames.Add((byte)length);
        }
        else if (length < 65_536)
        {
            frames.AddRange([126, (byte)(length >> 8), (byte)length]);
        }
        else
        {
            frames.AddRange([127, 0, 0, 0, 0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
        }

        frames.AddRange(payload);
    }

    private static byte[] RandomText(Random random)
    {
        string[] alphabet = ["a", "é", "€", "😜", "Z"];
        StringBuilder builder = new();
        int count = random.Next(0, 200);
        for (int i = 0; i < count; i++)
        {
            builder.Append(alphabet[random.Next(alphabet.Length)]);
        }

        return Encoding.UTF8.GetBytes(builder.ToString());
    }

    private static byte[] RandomBytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
