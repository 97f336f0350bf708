using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>
/// The memory layout of <c>struct epoll_event</c>: 32 bits of events and 64 bits of data. Packed on x86-64, so that it matches
/// 32-bit programs there; elsewhere 4 bytes of padding separate the two.
/// </summary>
internal readonly record struct EpollEventLayout(int Size, int DataOffset)
{
    /// <summary>The layout on x86 and x86-64.</summary>
    public static EpollEventLayout Packed { get; } = new(12, 4);

    /// <summary>The layout on all other architectures.</summary>
    public static EpollEventLayout Aligned { get; } = new(16, 8);

    /// <summary>The layout on this machine.</summary>
    public static EpollEventLayout Current { get; } = Of(RuntimeInformation.ProcessArchitecture);

    /// <summary>The layout on an architecture.</summary>
    public static EpollEventLayout Of(Architecture architecture) =>
        architecture is Architecture.X64 or Architecture.X86 ? Packed : Aligned;

    /// <summary>Reads the event at an index of an array of them.</summary>
    public EpollEvents Read(ReadOnlySpan<byte> events, int index, out ulong data)
    {
        ReadOnlySpan<byte> one = events.Slice(index * Size, Size);
        data = Unsafe.ReadUnaligned<ulong>(in one[DataOffset]);
        return Unsafe.ReadUnaligned<EpollEvents>(in one[0]);
    }

    /// <summary>Writes one event.</summary>
    public void Write(Span<byte> destination, EpollEvents events, ulong data)
    {
        destination[..Size].Clear();
        Unsafe.WriteUnaligned(ref destination[0], events);
        Unsafe.WriteUnaligned(ref destination[DataOffset], data);
    }
}
