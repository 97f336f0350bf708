using System.Globalization;

namespace Sockeye.Tests;

/// <summary>The duration of stress tests: short, or <c>SOCKEYE_STRESS_SECONDS</c>.</summary>
internal static class Stress
{
    /// <summary>Whether a long run was requested.</summary>
    public static bool IsLong => Seconds > 0;

    /// <summary>How long a test goes on that has no natural end.</summary>
    public static TimeSpan Duration => IsLong ? TimeSpan.FromSeconds(Seconds) : TimeSpan.FromSeconds(1);

    private static int Seconds { get; } = int.TryParse(
        Environment.GetEnvironmentVariable("SOCKEYE_STRESS_SECONDS"), CultureInfo.InvariantCulture, out int seconds)
        ? seconds
        : 0;

    /// <summary>Seeds that differ, each in the message of what fails with it.</summary>
    public static async Task RunAsync(Func<Random, Task> round)
    {
        long start = TimeProvider.System.GetTimestamp();
        do
        {
            int seed = Random.Shared.Next();
            try
            {
                await round(new Random(seed));
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"With the seed {seed}: {exception.Message}", exception);
            }
        }
        while (TimeProvider.System.GetElapsedTime(start) < Duration);
    }
}
