namespace Sockeye.Tests;

/// <summary>The expected end of the connection, as the application at the endpoint under test sees it.</summary>
/// <param name="CloseCode">The expected <see cref="WebSocketCloseResult.Code"/>.</param>
/// <param name="WasClean">The expected <see cref="WebSocketCloseResult.WasClean"/>.</param>
internal sealed record ExpectedResult(int CloseCode, bool WasClean);

/// <summary>
/// A behaviour of the endpoint under test, an echo: what its peer sends, and what must be returned. If no step of a case expects a
/// Close frame, the peer closes with code 1000 at its end, which must be echoed.
/// </summary>
internal sealed record ConformanceCase(string Id, string Description, IEnumerable<Step> Steps)
{
    /// <summary>The endpoint's maximum message length, in bytes. None of the suite's cases comes near it.</summary>
    public int MaxMessageLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>The compression of its messages; <see langword="null"/> for none.</summary>
    public DeflateCase? Deflate { get; init; }

    /// <summary>The expected result of <c>Closed</c>, if the case specifies it.</summary>
    public ExpectedResult? Result { get; init; }

    /// <summary>The group in the suite: the part of the name before the first dot.</summary>
    public string Group => Id[..Id.IndexOf('.', StringComparison.Ordinal)];

    public override string ToString() => $"{Id}: {Description}";
}
