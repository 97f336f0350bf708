using System.Runtime.InteropServices;

namespace Sockeye.Transports;

/// <summary>Reads how many file descriptors this process may open: the soft limit RLIMIT_NOFILE (getrlimit(2)).</summary>
internal static unsafe partial class DescriptorLimit
{
    /// <summary>No limit, or one that is too high to matter.</summary>
    public const int None = int.MaxValue;

    // RLIMIT_NOFILE is the one constant here that differs between the Unix systems that .NET runs on.
    private const int NumberOnLinux = 7;
    private const int NumberElsewhere = 8;

    /// <summary>Returns the current limit; an administrator may raise it while the process runs.</summary>
    public static int Read()
    {
        if (OperatingSystem.IsWindows())
        {
            return None;
        }

        // struct rlimit holds two words, the soft limit first. They are longer than a machine word only on 32-bit musl, where the
        // low half comes first.
        nuint* limits = stackalloc nuint[] { nuint.MaxValue, 0, 0, 0 };
        int number = OperatingSystem.IsLinux() ? NumberOnLinux : NumberElsewhere;
        return GetLimit(number, limits) == 0 && limits[0] < None ? (int)limits[0] : None;
    }

    /// <summary>
    /// Returns about how many descriptors are open: the lowest free number, which the next open receives. 0 if unknown.
    /// </summary>
    public static int CountInUse()
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle next = File.OpenHandle("/dev/null");
            return (int)next.DangerousGetHandle();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No such file, or no descriptor left; in the second case listening will fail and report it.
            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, void* limits);
}
