using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sockeye.Tests;

/// <summary>The payloads that peers send too: <c>peers/README.md</c> has the rule.</summary>
internal static class PeerPayloads
{
    private const string Pattern = "aé€漢😀";

    /// <summary>Both ends of the three forms of a payload length (RFC 6455 §5.2), and one well inside the last.</summary>
    public static readonly int[] Sizes = [0, 125, 126, 65_535, 65_536, 1_048_576];

    /// <summary>Sizes that are cut in three where messages go in fragments.</summary>
    public static readonly int[] FragmentedSizes = [3_000, 200_000];

    public static byte[] Text(int size)
    {
        int patternSize = Encoding.UTF8.GetByteCount(Pattern);
        string text = string.Concat(Enumerable.Repeat(Pattern, size / patternSize)) + new string('z', size % patternSize);
        return Encoding.UTF8.GetBytes(text);
    }

    public static byte[] Binary(int size)
    {
        byte[] payload = new byte[size];
        for (int i = 0; i < size; i++)
        {
            payload[i] = (byte)(((31L * i) + 7) % 251);
        }

        return payload;
    }

    /// <summary>Cut by bytes, so that characters of a text are cut too (RFC 6455 §5.6 allows it).</summary>
    public static ReadOnlyMemory<byte>[] Thirds(byte[] payload)
    {
        int cut = payload.Length / 3;
        return [payload.AsMemory(0, cut), payload.AsMemory(cut, cut), payload.AsMemory(2 * cut)];
    }

    /// <summary>Records with the same names and other values, as services send them.</summary>
    public static byte[] Json(int size, Random random)
    {
        StringBuilder text = new("[");
        while (text.Length < size)
        {
            text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{random.Next()},\"price\":{random.NextDouble():F4},");
            text.Append(CultureInfo.InvariantCulture, $"\"status\":\"{(random.Next(2) == 0 ? "active" : "idle")}\"}},");
        }

        return Encoding.UTF8.GetBytes(text.ToString(0, size));
    }

    public static string Sha256(ReadOnlySpan<byte> payload) => Convert.ToHexStringLower(SHA256.HashData(payload));
}
