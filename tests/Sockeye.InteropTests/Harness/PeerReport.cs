using System.Text;

namespace Sockeye.Tests;

/// <summary>The report of a peer client: the JSON line of <c>peers/README.md</c>.</summary>
internal sealed record PeerReport
{
    public IReadOnlyList<PeerMessage> Messages { get; init; } = [];
    public string? Subprotocol { get; init; }
    public string? Ping { get; init; }
    public string? Pong { get; init; }
    public PeerClose? Close { get; init; }
    public string? Error { get; init; }

    /// <summary>The cookies that a page's script can see, where there is a page.</summary>
    public string? Cookies { get; init; }

    /// <summary>The smallest number of frames that carried a message, where the peer can tell.</summary>
    public int? FewestFrames { get; init; }
}

internal sealed record PeerMessage(string Kind, int Length, string Sha256, string? Text = null)
{
    private const int LongestReportedText = 125;

    public static PeerMessage OfText(ReadOnlySpan<byte> payload) => new(
        "text",
        payload.Length,
        PeerPayloads.Sha256(payload),
        payload.Length <= LongestReportedText ? Encoding.UTF8.GetString(payload) : null);

    public static PeerMessage OfBinary(ReadOnlySpan<byte> payload) =>
        new("binary", payload.Length, PeerPayloads.Sha256(payload));

    /// <summary>A text and a binary message of each size, as the scenarios send them.</summary>
    public static IEnumerable<PeerMessage> OfSizes(IEnumerable<int> sizes) =>
        sizes.SelectMany(size => new[] { OfText(PeerPayloads.Text(size)), OfBinary(PeerPayloads.Binary(size)) });
}

/// <summary>The code and the reason of a Close frame that a peer received.</summary>
internal sealed record PeerClose(int Code, string Reason);
