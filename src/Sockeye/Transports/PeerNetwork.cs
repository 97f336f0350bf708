using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// The unit that a limit "per address" counts: an IPv4 address, or the first 64 bits of an IPv6 address, since a household or
/// server is assigned at least all addresses that share them (RFC 6177). The default value stands for the lack of a network, as with a Unix socket.
/// </summary>
internal readonly record struct PeerNetwork
{
    private const int PrefixLengthV6 = 8;

    private readonly ulong _prefix;
    private readonly AddressFamily _family;

    private PeerNetwork(ulong prefix, AddressFamily family)
    {
        _prefix = prefix;
        _family = family;
    }

    /// <summary>Whether the network is known.</summary>
    public bool IsKnown => _family != default;

    /// <summary>Returns the network of an address. An IPv4-mapped IPv6 address counts as IPv4 (RFC 4291 §2.5.5.2).</summary>
    public static PeerNetwork Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address is not null && address.TryWriteBytes(bytes, out int length) ? Of(bytes[..length]) : default;
    }

    /// <summary>Returns the network of an address in network byte order: 4 bytes, 16 bytes, or empty.</summary>
    public static PeerNetwork Of(ReadOnlySpan<byte> address) => address.Length switch
    {
        4 => new(BinaryPrimitives.ReadUInt32BigEndian(address), AddressFamily.InterNetwork),
        16 when address.StartsWith<byte>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) => Of(address[12..]),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(address[..PrefixLengthV6]), AddressFamily.InterNetworkV6),
        _ => default,
    };
}
