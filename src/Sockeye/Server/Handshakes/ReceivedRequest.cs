using Sockeye.Protocol;
using Sockeye.Server.Routes;

namespace Sockeye.Server.Handshakes;

/// <summary>A request's head where it was received, with what <see cref="UpgradeSteps"/> have read in it.</summary>
/// <param name="bytes">The head, with its empty line.</param>
/// <param name="lines">Room for its header lines: see <see cref="HeaderLine.RoomFor"/>.</param>
internal ref struct ReceivedRequest(ReadOnlySpan<byte> bytes, Span<HeaderLine> lines)
{
    private readonly Span<HeaderLine> _lines = lines;
    private RequestHead _head;

    /// <summary>The head as it was received.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>The head, parsed; empty before <see cref="Parse"/>.</summary>
    public readonly RequestHead Head => _head;

    /// <summary>The route whose pattern matches; <see langword="null"/> if none does.</summary>
    public ServerRoute? Route { get; set; }

    /// <summary>The rules of the route; of the fallback if there is no route.</summary>
    public required RouteProfile Profile { get; set; }

    /// <summary>What the client offers; only of a request that obeys the rules of the protocol.</summary>
    public ServerHandshakeOffer Offer { get; set; }

    /// <summary>Parses the head.</summary>
    public HttpError Parse() => RequestHead.TryParse(Bytes, _lines, out _head);
}
