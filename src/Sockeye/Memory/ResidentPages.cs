using System.Runtime.InteropServices;

namespace Sockeye.Memory;

/// <summary>Gives the memory of an unused array back to the operating system before the array is collected.</summary>
/// <remarks>
/// The garbage collector does the same with freed memory (GCToOSInterface::VirtualReset), but only when it runs. The array's
/// content becomes zeros, so it must not be read before it is written. Its header, which the collector needs, is on a page that
/// is not released. Linux only; elsewhere nothing happens, and the collector frees the array eventually.
/// </remarks>
internal static unsafe partial class ResidentPages
{
    // asm-generic/mman-common.h
    private const int DontNeed = 4;

    /// <summary>Releases the pages that lie entirely within the array's content.</summary>
    /// <param name="array">An array whose content is no longer needed.</param>
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
                // Fails for locked and huge pages, which then stay resident; nothing depends on it.
                _ = Advise((void*)start, end - start, DontNeed);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
