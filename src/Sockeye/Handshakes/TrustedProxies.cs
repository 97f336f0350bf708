using System.Net;
using Sockeye.Protocol;

namespace Sockeye.Handshakes;

/// <summary>The proxies that are trusted to report the client behind them. Immutable.</summary>
/// <param name="networks">Their addresses.</param>
/// <param name="trustsUnixSockets">Whether every peer on a Unix socket is one.</param>
/// <param name="writesForwarded">Whether they write Forwarded (RFC 7239); else X-Forwarded-For and X-Forwarded-Proto.</param>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks, bool trustsUnixSockets, bool writesForwarded)
{
    /// <summary>Whether a peer is one of them.</summary>
    public bool Includes(EndPoint? peer) => peer is IPEndPoint { Address: var address }
        ? Includes(address)
        : trustsUnixSockets;

    /// <summary>Who asked the first of the trusted proxies that stand in a row before this server.</summary>
    /// <param name="peer">The peer, which is a trusted proxy.</param>
    /// <param name="headers">The request's.</param>
    /// <returns>
    /// The address: read from the right, where the nearest proxy wrote, up to the first that is not a trusted proxy's own.
    /// Entries to the left of it were written by an untrusted peer. The address of the peer if there are no entries.
    /// </returns>
    public IPAddress? ClientOf(EndPoint? peer, HeaderFields headers)
    {
        IPAddress? client = (peer as IPEndPoint)?.Address;
        foreach (string text in ForwardedHeaders.Addresses(headers, writesForwarded).Reverse())
        {
            if (!IPAddress.TryParse(text, out IPAddress? address))
            {
                break;
            }

            client = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            if (!Includes(client))
            {
                break;
            }
        }

        return client;
    }

    /// <summary>
    /// Whether the nearest of them was asked over TLS; <see langword="null"/> if it does not say, or the peer is none of them.
    /// </summary>
    public bool? TellOfTls(EndPoint? peer, HeaderFields headers) =>
        Includes(peer) ? ForwardedHeaders.IsSecure(headers, writesForwarded) : null;

    private bool Includes(IPAddress address)
    {
        for (int index = 0; index < networks.Count; index++)
        {
            if (networks[index].Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
