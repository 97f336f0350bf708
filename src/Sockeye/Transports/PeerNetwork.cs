using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// What a limit "per address" counts: an address of IPv4, or the first 64 bits of one of IPv6, since a household or a server is
/// given at least all addresses that share them (RFC 6177). The default is no network, as of a Unix socket.
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

    /// <summary>Whether there is a network.</summary>
    public bool IsKnown => _family != default;

    /// <summary>The network of an address; one of IPv4 that is written as one of IPv6 is one of IPv4 (RFC 4291 §2.5.5.2).</summary>
    public static PeerNetwork Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address is not null && address.TryWriteBytes(bytes, out int length) ? Of(bytes[..length]) : default;
    }

    /// <summary>As <see cref="Of(IPAddress?)"/>, of an address in network order: 4 bytes, 16 bytes, or none.</summary>
    public static PeerNetwork Of(ReadOnlySpan<byte> address) => address.Length switch
    {
        4 => new(BinaryPrimitives.ReadUInt32BigEndian(address), AddressFamily.InterNetwork),
        16 when address.StartsWith<byte>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) => Of(address[12..]),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(address[..PrefixLengthV6]), AddressFamily.InterNetworkV6),
        _ => default,
    };
}
