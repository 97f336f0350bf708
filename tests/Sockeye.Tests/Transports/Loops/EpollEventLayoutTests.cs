using System.Runtime.InteropServices;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary><c>struct epoll_event</c>, byte for byte, on every architecture.</summary>
public sealed class EpollEventLayoutTests
{
    private const ulong Data = 0x1122334455667788;
    private const EpollEvents Events = EpollEvents.In | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;

    // As a machine that stores the lowest byte first would, which all but one of them are.
    private const string EventBytes = "01 20 00 80";
    private const string DataBytes = "88 77 66 55 44 33 22 11";

    [Theory]
    [InlineData(Architecture.X64, 12)]
    [InlineData(Architecture.X86, 12)]
    [InlineData(Architecture.Arm64, 16)]
    [InlineData(Architecture.Arm, 16)]
    [InlineData(Architecture.Armv6, 16)]
    [InlineData(Architecture.LoongArch64, 16)]
    [InlineData(Architecture.Ppc64le, 16)]
    [InlineData(Architecture.RiscV64, 16)]
    [InlineData(Architecture.S390x, 16)]
    public void The_event_is_packed_only_on_Intel_architectures(Architecture architecture, int size)
    {
        EpollEventLayout layout = EpollEventLayout.Of(architecture);

        Assert.Equal(size, layout.Size);
        Assert.Equal(size - sizeof(ulong), layout.DataOffset);
    }

    [Fact]
    public void The_layout_matches_the_architecture_of_this_machine() =>
        Assert.Equal(EpollEventLayout.Of(RuntimeInformation.ProcessArchitecture), EpollEventLayout.Current);

    [Theory]
    [InlineData(12, EventBytes + DataBytes)]
    [InlineData(16, EventBytes + "00 00 00 00" + DataBytes)]
    public void An_event_has_the_kernel_layout(int size, string hex)
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The bytes are those of other machines.");
        byte[] memory = new byte[size + 1];
        Array.Fill(memory, (byte)0xEE);

        LayoutOf(size).Write(memory, Events, Data);

        Assert.Equal([.. Wire.Bytes(hex), 0xEE], memory);
    }

    [Theory]
    [InlineData(12, "EE EE EE EE EE EE EE EE EE EE EE EE" + EventBytes + DataBytes)]
    [InlineData(16, "EE EE EE EE EE EE EE EE EE EE EE EE EE EE EE EE" + EventBytes + "EE EE EE EE" + DataBytes)]
    public void The_second_event_of_an_array_is_read_at_the_right_offset(int size, string hex)
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The bytes are those of other machines.");

        EpollEvents events = LayoutOf(size).Read(Wire.Bytes(hex), 1, out ulong data);

        Assert.Equal(Events, events);
        Assert.Equal(Data, data);
    }

    private static EpollEventLayout LayoutOf(int size) =>
        size == EpollEventLayout.Packed.Size ? EpollEventLayout.Packed : EpollEventLayout.Aligned;
}
