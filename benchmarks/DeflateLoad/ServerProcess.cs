using System.Globalization;

namespace Sockeye.Benchmarks;

/// <summary>What the operating system knows of the process of a server (proc(5)).</summary>
internal sealed class ServerProcess(int id)
{
    // Fields 14 and 15 of the line, of which the second is a name in parentheses.
    private const int UserTicksAfterName = 11;

    // USER_HZ is 100 on every Linux there is.
    private const double TicksPerSecond = 100;

    /// <summary>How long it has run on processors, by itself and in the kernel, in seconds.</summary>
    public double ProcessorTime()
    {
        string line = File.ReadAllText($"/proc/{id}/stat");
        string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[UserTicksAfterName]) + Number(fields[UserTicksAfterName + 1])) / TicksPerSecond;
    }

    /// <summary>How much memory is resident, in bytes.</summary>
    public long ResidentLength() => 1024 * File.ReadLines($"/proc/{id}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]))
        .Single();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
