using System.Runtime.InteropServices;

namespace Sockeye.Compression;

/// <summary>
/// What a call of the library takes and answers. It lives for the call: all that lasts is behind <see cref="State"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZLibStream
{
    public byte* NextIn;
    public byte* NextOut;
    public byte* Message;
    public nint State;
    public uint AvailableIn;
    public uint AvailableOut;
}
