using System.Globalization;

namespace Sockeye.Tests;

/// <summary>The memory of this process that is resident (proc(5)).</summary>
internal static class ResidentMemory
{
    /// <summary>Why it cannot be measured; <see langword="null"/> if it can.</summary>
    public static string? WhyNot => OperatingSystem.IsLinux() ? null : "Only Linux tells the peak of resident memory.";

    /// <summary>Releases free memory, resets the peak, and returns the resident bytes.</summary>
    public static long BeginPeak()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        File.WriteAllText("/proc/self/clear_refs", "5");
        return Peak();
    }

    /// <summary>The peak of resident bytes since then.</summary>
    public static long Peak()
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
