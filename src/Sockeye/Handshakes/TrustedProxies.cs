using System.Net;
using Sockeye.Protocol;

namespace Sockeye.Handshakes;

/// <summary>The proxies that are trusted to report the client behind them. Immutable.</summary>
/// <param name="networks">The addresses of the proxies.</param>
/// <param name="trustsUnixSockets">Whether every peer on a Unix socket is a trusted proxy.</param>
/// <param name="writesForwarded">
/// Whether the proxies write Forwarded (RFC 7239), not X-Forwarded-For and X-Forwarded-Proto.
/// </param>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks, bool trustsUnixSockets, bool writesForwarded)
{
    /// <summary>Whether a peer is a trusted proxy.</summary>
    public bool Includes(EndPoint? peer) => peer is IPEndPoint { Address: var address }
        ? Includes(address)
        : trustsUnixSockets;

    /// <summary>Finds the client behind the trusted proxies.</summary>
    /// <param name="peer">The peer, which is a trusted proxy.</param>
    /// <param name="headers">The headers of the request.</param>
    /// <returns>
    /// The address, read from the right, where the nearest proxy wrote: the first that is not a trusted proxy. Entries to its
    /// left were written by an untrusted peer. If there are no entries, the address of the peer.
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
    /// Whether the nearest proxy received the request over TLS; <see langword="null"/> if it does not report that, or the peer is
    /// not a trusted proxy.
    /// </summary>
    public bool? IsClientSecure(EndPoint? peer, HeaderFields headers) =>
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
