using System.Runtime.InteropServices;

namespace Sockeye.Transports;

/// <summary>How many descriptors this process may have: RLIMIT_NOFILE, the soft limit (getrlimit(2)).</summary>
internal static unsafe partial class DescriptorLimit
{
    /// <summary>There is no limit, or none that matters.</summary>
    public const int None = int.MaxValue;

    // The one number that differs among the systems of Unix that .NET runs on.
    private const int NumberOnLinux = 7;
    private const int NumberElsewhere = 8;

    /// <summary>The limit at this moment: an administrator may raise it while the process runs.</summary>
    public static int Read()
    {
        if (OperatingSystem.IsWindows())
        {
            return None;
        }

        // struct rlimit has two words, the soft limit first. They are longer than a machine's word in 32-bit musl alone,
        // whose low half comes first.
        nuint* limits = stackalloc nuint[] { nuint.MaxValue, 0, 0, 0 };
        int number = OperatingSystem.IsLinux() ? NumberOnLinux : NumberElsewhere;
        return GetLimit(number, limits) == 0 && limits[0] < None ? (int)limits[0] : None;
    }

    /// <summary>About how many descriptors the process has: the lowest free number, which is given out next. 0 if it is not known.</summary>
    public static int CountInUse()
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle next = File.OpenHandle("/dev/null");
            return (int)next.DangerousGetHandle();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A system without this file, or none left: then the server finds out when it listens.
            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, void* limits);
}
