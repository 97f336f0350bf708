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
    public void A_field_of_msghdr_is_in_its_place(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<LibC.MessageHeader>(field));

    [Theory]
    [InlineData(nameof(LibC.Vector.Start), 0)]
    [InlineData(nameof(LibC.Vector.Length), 8)]
    public void A_field_of_iovec_is_in_its_place(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<LibC.Vector>(field));

    [Fact]
    public void The_structures_are_as_long_as_those_of_the_library()
    {
        Assert.Equal(56, Marshal.SizeOf<LibC.MessageHeader>());
        Assert.Equal(16, Marshal.SizeOf<LibC.Vector>());
        Assert.Equal(28, Marshal.SizeOf<SocketAddress>());
    }
}
