using System.Globalization;
using System.Text;

namespace Sockeye.Benchmarks;

/// <summary>
/// Generates text like that of web services: records with the same names and different values. Deterministic for a seed.
/// </summary>
internal static class JsonText
{
    private static readonly string[] Names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];
    private static readonly string[] States = ["active", "idle", "pending", "closed"];

    /// <summary>Returns this many bytes of text.</summary>
    public static byte[] Create(int length, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder("[");
        while (text.Length < length)
        {
            var time = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);
            text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{random.Next(100_000)},\"user\":\"{Names[random.Next(8)]}");
            text.Append(CultureInfo.InvariantCulture, $"{random.Next(100)}\",\"price\":{random.NextDouble() * 1_000:F2},");
            text.Append(CultureInfo.InvariantCulture, $"\"quantity\":{random.Next(1, 500)},\"status\":\"{States[random.Next(4)]}");
            text.Append(CultureInfo.InvariantCulture, $"\",\"timestamp\":\"{time.AddSeconds(random.Next(30_000_000)):s}Z\"}},");
        }

        return Encoding.ASCII.GetBytes(text.ToString())[..length];
    }
}
