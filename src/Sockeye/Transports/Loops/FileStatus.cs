namespace Sockeye.Transports.Loops;

/// <summary>What Linux knows of a file and .NET does not tell: whether it is a socket, and which.</summary>
internal static unsafe class FileStatus
{
    // statx(2): unlike struct stat, struct statx is the same on every architecture. 256 bytes; the mode is 16 bits, the
    // number of the file 64, and those of its device 32 each.
    private const int StatusLength = 256;
    private const int ModeOffset = 28;
    private const int FileOffset = 32;
    private const int DeviceOffset = 136;
    private const int CurrentFolder = -100;
    private const int FollowNoLink = 0x100;
    private const uint TypeAndFile = 0x101;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;

    /// <summary>Whether there is a socket at a path; not so where the system does not answer.</summary>
    public static bool IsSocket(string path) => SocketAt(path) is not null;

    /// <summary>
    /// Which socket there is at a path: no other is the same as long as that is open. <see langword="null"/> if there is
    /// none, or the system does not answer.
    /// </summary>
    public static (ulong Device, ulong File)? SocketAt(string path)
    {
        byte* status = stackalloc byte[StatusLength];
        try
        {
            return LibC.GetFileStatus(CurrentFolder, path, FollowNoLink, TypeAndFile, status) == 0
                && (*(ushort*)(status + ModeOffset) & TypeMask) == TypeSocket
                    ? (*(ulong*)(status + DeviceOffset), *(ulong*)(status + FileOffset))
                    : null;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018.
            return null;
        }
    }
}
