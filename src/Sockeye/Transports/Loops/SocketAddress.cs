using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Sockeye.Transports.Loops;

/// <summary>
/// An address as the kernel returns it, in the 28 bytes of an IPv6 one. It costs no object until an <see cref="EndPoint"/> is
/// requested. For a Unix socket only the family is kept, since its clients have no name.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal readonly struct SocketAddress
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 28;

    private const ushort FamilyInternet = 2;
    private const ushort FamilyInternet6 = 10;

    // sockaddr_in: family, port, address; sockaddr_in6: family, port, flow, address, scope. Ports and addresses are in network
    // byte order.
    private readonly ushort _family;
    private readonly ushort _port;
    private readonly uint _address4OrFlow;
    private readonly uint _address6Part1;
    private readonly uint _address6Part2;
    private readonly uint _address6Part3;
    private readonly uint _address6Part4;
    private readonly uint _scope;

    /// <summary>Returns the local address of a socket, or an unnamed address if it has none.</summary>
    public static unsafe SocketAddress OfSocket(int descriptor)
    {
        SocketAddress address = default;
        uint length = Size;
        return LibC.GetName(descriptor, &address, &length) < 0 ? default : address;
    }

    /// <summary>Returns the address of a socket's peer, or an unnamed address if it has none.</summary>
    public static unsafe SocketAddress OfPeer(int descriptor)
    {
        SocketAddress address = default;
        uint length = Size;
        return LibC.GetPeerName(descriptor, &address, &length) < 0 ? default : address;
    }

    /// <summary>The network that limits per address count it under.</summary>
    public PeerNetwork Network
    {
        get
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<SocketAddress>(in this));
            return _family switch
            {
                FamilyInternet => PeerNetwork.Of(bytes.Slice(4, 4)),
                FamilyInternet6 => PeerNetwork.Of(bytes.Slice(8, 16)),
                _ => default,
            };
        }
    }

    /// <summary>Whether it is an address of IPv4 or IPv6.</summary>
    public bool IsInternet => _family is FamilyInternet or FamilyInternet6;

    /// <summary>Converts the address for applications; <see langword="null"/> if it is unnamed.</summary>
    public EndPoint? ToEndPoint()
    {
        int port = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(_port) : _port;
        ReadOnlySpan<SocketAddress> bytes = new(in this);
        return _family switch
        {
            FamilyInternet => new IPEndPoint(new IPAddress(MemoryMarshal.AsBytes(bytes).Slice(4, 4)), port),
            FamilyInternet6 => EndPoints.Unmapped(
                new IPEndPoint(new IPAddress(MemoryMarshal.AsBytes(bytes).Slice(8, 16), _scope), port)),
            _ => null,
        };
    }
}
