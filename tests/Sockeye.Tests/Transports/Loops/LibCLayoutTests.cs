using System.Runtime.InteropServices;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>The structures of the C library as they lie in memory on 64-bit Linux, whatever the architecture.</summary>
public sealed class LibCLayoutTests
{
    public LibCLayoutTests() => Assert.SkipUnless(Environment.Is64BitProcess, "Others are for 32 bits.");

    // struct msghdr: name, its length and padding, vectors and their number, control data and its length, flags and padding.
    [Theory]
    [InlineData(nameof(LibC.MessageHeader.Name), 0)]
    [InlineData(nameof(LibC.MessageHeader.NameLength), 8)]
    [InlineData(nameof(LibC.MessageHeader.Vectors), 16)]
    [InlineData(nameof(LibC.MessageHeader.VectorCount), 24)]
    [InlineData(nameof(LibC.MessageHeader.Control), 32)]
    [InlineData(nameof(LibC.MessageHeader.ControlLength), 40)]
    [InlineData(nameof(LibC.MessageHeader.Flags), 48)]
    public void The_fields_of_msghdr_are_at_the_right_offsets(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<LibC.MessageHeader>(field));

    [Theory]
    [InlineData(nameof(LibC.Vector.Start), 0)]
    [InlineData(nameof(LibC.Vector.Length), 8)]
    public void The_fields_of_iovec_are_at_the_right_offsets(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<LibC.Vector>(field));

    [Fact]
    public void The_structures_have_the_size_of_those_in_libc()
    {
        Assert.Equal(56, Marshal.SizeOf<LibC.MessageHeader>());
        Assert.Equal(16, Marshal.SizeOf<LibC.Vector>());
        Assert.Equal(28, Marshal.SizeOf<SocketAddress>());
    }
}
