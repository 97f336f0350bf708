using System.Runtime.InteropServices;

namespace Sockeye.Compression;

/// <summary>
/// The arguments and results of one call of the library. Everything that outlives the call is behind <see cref="State"/>.
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
