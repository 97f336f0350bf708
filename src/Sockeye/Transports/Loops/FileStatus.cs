namespace Sockeye.Transports.Loops;

/// <summary>What Linux knows of a file and .NET does not tell: whether it is a socket.</summary>
internal static unsafe class FileStatus
{
    // statx(2): unlike struct stat, struct statx is the same on every architecture. 256 bytes; the mode is 16 bits.
    private const int StatusLength = 256;
    private const int ModeOffset = 28;
    private const int CurrentFolder = -100;
    private const int FollowNoLink = 0x100;
    private const uint TypeOnly = 1;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;

    /// <summary>Whether there is a socket at a path; not so where the system does not answer.</summary>
    public static bool IsSocket(string path)
    {
        byte* status = stackalloc byte[StatusLength];
        try
        {
            return LibC.GetFileStatus(CurrentFolder, path, FollowNoLink, TypeOnly, status) == 0
                && (*(ushort*)(status + ModeOffset) & TypeMask) == TypeSocket;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018.
            return false;
        }
    }
}
