namespace Sockeye.Tests;

/// <summary>How the connection ends, as the application at the endpoint under test must see it.</summary>
/// <param name="CloseCode">What <see cref="WebSocketCloseResult.Code"/> must be.</param>
/// <param name="WasClean">What <see cref="WebSocketCloseResult.WasClean"/> must be.</param>
internal sealed record ExpectedResult(int CloseCode, bool WasClean);

/// <summary>
/// A behaviour of the endpoint under test, an echo: what its peer sends, and what must come back. A case whose steps
/// expect no Close frame is ended by the peer with code 1000, which must be echoed.
/// </summary>
internal sealed record ConformanceCase(string Id, string Description, IEnumerable<Step> Steps)
{
    /// <summary>The endpoint's limit on messages, in bytes. None of the suite's own cases comes near it.</summary>
    public int MaxMessageLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>How its messages are compressed; <see langword="null"/> if they are not.</summary>
    public DeflateCase? Deflate { get; init; }

    /// <summary>How <c>Closed</c> must complete, where the case says so.</summary>
    public ExpectedResult? Result { get; init; }

    /// <summary>The group of the suite: what stands before the first dot.</summary>
    public string Group => Id[..Id.IndexOf('.', StringComparison.Ordinal)];

    public override string ToString() => $"{Id}: {Description}";
}
