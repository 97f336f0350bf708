using System.Net;

namespace Sockeye.Transports;

/// <summary>Addresses as applications expect them.</summary>
internal static class EndPoints
{
    /// <summary>
    /// The IPv4 address that a socket for both protocols shows as an IPv6 one (RFC 4291 §2.5.5.2): else whoever compares
    /// addresses, to let some in, would miss it.
    /// </summary>
    public static EndPoint? Unmapped(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
            ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)
            : endPoint;
}
