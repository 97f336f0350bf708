using System.Runtime.InteropServices;

namespace Sockeye.Memory;

/// <summary>Gives the memory behind an array that is not used any more back to the operating system, while the array is there.</summary>
/// <remarks>
/// The garbage collector does the same to what it has freed (GCToOSInterface::VirtualReset), but only when it runs. The
/// content of the array becomes zeros, which is fine for one that nobody reads before writing it; its header, which the
/// collector needs, lies on a page that is not touched. Linux only: elsewhere the collector frees the array in its time.
/// </remarks>
internal static unsafe partial class ResidentPages
{
    // asm-generic/mman-common.h
    private const int DontNeed = 4;

    /// <summary>Releases the pages that lie wholly in the array's content.</summary>
    /// <param name="array">An array whose content nobody needs.</param>
    public static void Release(byte[] array)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        nuint pageLength = (nuint)Environment.SystemPageSize;
        fixed (byte* content = array)
        {
            nuint start = ((nuint)content + pageLength - 1) & ~(pageLength - 1);
            nuint end = ((nuint)content + (nuint)array.Length) & ~(pageLength - 1);
            if (end > start)
            {
                // Refused for locked and for huge pages, which stay as they are: nothing depends on it.
                _ = Advise((void*)start, end - start, DontNeed);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
