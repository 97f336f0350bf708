using System.Net;
using System.Runtime.InteropServices;
using SocketAddress = Sockeye.Transports.Loops.SocketAddress;

namespace Sockeye.Tests;

/// <summary>Addresses as the kernel writes them: <c>sockaddr_in</c>, <c>sockaddr_in6</c>, <c>sockaddr_un</c>.</summary>
public sealed class SocketAddressTests
{
    [Theory]
    [InlineData("02 00  1F 90  C0 00 02 01", "192.0.2.1:8080")]
    [InlineData("02 00  FF FF  00 00 00 00", "0.0.0.0:65535")]
    [InlineData(
        "0A 00  01 BB  00 00 00 00  20 01 0D B8 00 00 00 00 00 00 00 00 00 00 00 01  00 00 00 00",
        "[2001:db8::1]:443")]
    [InlineData(
        "0A 00  01 BB  12 34 56 78  FE 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01  03 00 00 00",
        "[fe80::1%3]:443")]
    [InlineData(
        "0A 00  1F 90  00 00 00 00  00 00 00 00 00 00 00 00 00 00 FF FF C0 00 02 01  00 00 00 00",
        "192.0.2.1:8080")]
    public void An_internet_address_in_kernel_layout_is_read(string hex, string expected)
    {
        EndPoint? endPoint = Read(hex).ToEndPoint();

        Assert.Equal(expected, Assert.IsType<IPEndPoint>(endPoint).ToString());
    }

    [Fact]
    public void An_address_equals_the_one_that_dotnet_creates()
    {
        EndPoint? endPoint = Read(
            "0A 00  01 BB  00 00 00 00  FE 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01  03 00 00 00").ToEndPoint();

        Assert.Equal(IPEndPoint.Parse("[fe80::1%3]:443"), endPoint);
    }

    [Theory]
    [InlineData("01 00")]
    [InlineData("01 00  2F 74 6D 70 2F 73 6F 63 6B 65 79 65")]
    [InlineData("")]
    public void A_Unix_socket_and_an_empty_address_have_no_IP_endpoint(string hex) => Assert.Null(Read(hex).ToEndPoint());

    private static SocketAddress Read(string hex)
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The family and the scope are those of other machines.");
        byte[] bytes = new byte[SocketAddress.Size];
        Wire.Bytes(hex).CopyTo(bytes, 0);
        return MemoryMarshal.Read<SocketAddress>(bytes);
    }
}
