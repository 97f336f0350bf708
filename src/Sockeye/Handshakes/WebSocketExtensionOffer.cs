using Sockeye.Protocol;

namespace Sockeye;

/// <summary>An extension that a client offers (RFC 6455 §9.1).</summary>
/// <param name="Name">The name of the extension.</param>
/// <param name="Parameters">
/// The parameters, in order and without quotes; the value of a parameter without one is <see langword="null"/>.
/// </param>
public sealed record WebSocketExtensionOffer(string Name, IReadOnlyList<KeyValuePair<string, string?>> Parameters)
{
    /// <summary>Returns the offer on one line, as in a header; escaped and truncated, so that it can be logged.</summary>
    public override string ToString() => PeerText.Escape(
        string.Join("; ", [Name, .. Parameters.Select(pair => pair.Value is null ? pair.Key : $"{pair.Key}={pair.Value}")]));
}
