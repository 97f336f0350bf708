using System.Text;
using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The negotiated compression of a connection, and its codecs.</summary>
internal sealed record DeflateSetup(PerMessageDeflateParameters Agreed, MessageCodecs Codecs)
{
    /// <summary>Context is kept by both ends, and messages of every length are compressed.</summary>
    public static DeflateSetup Takeover(PerMessageDeflateOptions? options = null) =>
        new(default, new MessageCodecs(options ?? PerMessageDeflateOptions.Default with { MinimumLength = 0 }));

    /// <summary>No context is kept, and messages of every length are compressed.</summary>
    public static DeflateSetup Forgetting(PerMessageDeflateOptions? options = null) =>
        new(
            new PerMessageDeflateParameters(true, true, null, null),
            new MessageCodecs(options ?? PerMessageDeflateOptions.Shared with { MinimumLength = 0 }));

    /// <summary>The numbers of idle deflaters and inflaters.</summary>
    public (int Deflaters, int Inflaters) KeptCounts =>
        (Codecs.Deflaters(Agreed.WindowBitsOf(Role.Server)).KeptCount, Codecs.Inflaters(Agreed.WindowBitsOf(Role.Client)).KeptCount);

    /// <summary>A text that becomes shorter, and that says which one it is.</summary>
    public static string TextOf(int number, int length = 200)
    {
        var text = new StringBuilder();
        while (text.Length < length)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"message {number}, ");
        }

        return text.ToString(0, length);
    }

    /// <summary>Bytes that no compression makes shorter.</summary>
    public static byte[] Noise(int length, int seed = 1)
    {
        byte[] noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }
}
