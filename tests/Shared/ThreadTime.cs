using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sockeye.Tests;

/// <summary>The time of the processor that this thread has used: waiting for its turn on a busy machine is not in it.</summary>
internal static partial class ThreadTime
{
    private const int ThreadCpuClock = 3;

    /// <summary>Since the thread started on Linux; elsewhere the elapsed time.</summary>
    public static TimeSpan Used
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                return Stopwatch.GetElapsedTime(0);
            }

            int result = GetTime(ThreadCpuClock, out TimeSpec time);
            Assert.Equal(0, result);
            return TimeSpan.FromSeconds((long)time.Seconds) + TimeSpan.FromMicroseconds((long)time.Nanoseconds / 1_000.0);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    private readonly struct TimeSpec
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
