namespace Sockeye.Transports.Loops;

/// <summary>Reads what .NET does not expose about a file on Linux: whether it is a socket, and its identity.</summary>
internal static unsafe class FileStatus
{
    // statx(2): unlike struct stat, struct statx is the same on every architecture. It has 256 bytes; the mode has 16 bits, the
    // inode number 64, and the two device numbers 32 each.
    private const int StatusLength = 256;
    private const int ModeOffset = 28;
    private const int FileOffset = 32;
    private const int DeviceOffset = 136;
    private const int CurrentFolder = -100;
    private const int FollowNoLink = 0x100;
    private const uint TypeAndFile = 0x101;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;

    /// <summary>Whether there is a socket at a path; <see langword="false"/> if the system does not support the query.</summary>
    public static bool IsSocket(string path) => SocketAt(path) is not null;

    /// <summary>
    /// Returns the identity of the socket at a path, which no other file has while that socket is open. <see langword="null"/> if
    /// there is no socket, or the system does not support the query.
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
            // The C library is older than 2018.
            return null;
        }
    }
}
