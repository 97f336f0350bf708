using System.Net;

namespace Sockeye.Transports;

/// <summary>Converts addresses to the form that applications expect.</summary>
internal static class EndPoints
{
    /// <summary>
    /// Returns the IPv4 address that a dual-mode socket reports as an IPv6 one (RFC 4291 §2.5.5.2). Without this, an allow list
    /// of IPv4 addresses would never match.
    /// </summary>
    public static EndPoint? Unmapped(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
            ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)
            : endPoint;

    /// <summary>What the log shows as the address of a peer that is unknown, as it is over a stream.</summary>
    public static EndPoint Unknown { get; } = new UnknownEndPoint();

    private sealed class UnknownEndPoint : EndPoint
    {
        public override string ToString() => "an unknown address";
    }
}
