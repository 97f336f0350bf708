using System.Globalization;

namespace Sockeye.Tests;

/// <summary>A client of another library that runs a scenario of <c>peers/README.md</c> and reports the result.</summary>
internal abstract class PeerClient
{
    /// <summary>What it sends as Origin, if it sends one (RFC 6455 §4.1, number 8).</summary>
    public virtual string? Origin => null;

    public abstract Task<PeerReport> RunAsync(Uri address, string scenario, params string[] arguments);

    public Task<PeerReport> RunAsync(Uri address, string scenario, IEnumerable<int> sizes) =>
        RunAsync(address, scenario, [.. sizes.Select(size => size.ToString(CultureInfo.InvariantCulture))]);
}
