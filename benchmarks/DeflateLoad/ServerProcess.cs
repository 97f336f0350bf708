using System.Globalization;

namespace Sockeye.Benchmarks;

/// <summary>Reads CPU time and memory of a server's process from the operating system (proc(5)).</summary>
internal sealed class ServerProcess(int id)
{
    // Fields 14 and 15 of the line, whose second field is a name in parentheses.
    private const int UserTicksAfterName = 11;

    // USER_HZ is 100 on all supported versions of Linux.
    private const double TicksPerSecond = 100;

    /// <summary>The CPU time of the process, user and system, in seconds.</summary>
    public double ProcessorTime()
    {
        string line = File.ReadAllText($"/proc/{id}/stat");
        string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[UserTicksAfterName]) + Number(fields[UserTicksAfterName + 1])) / TicksPerSecond;
    }

    /// <summary>The resident memory of the process, in bytes.</summary>
    public long ResidentLength() => 1024 * File.ReadLines($"/proc/{id}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]))
        .Single();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
