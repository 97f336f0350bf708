using Sockeye.Protocol;

namespace Sockeye;

/// <summary>An extension that a client offers (RFC 6455 §9.1).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">
/// Its parameters, in their order, without quotes; the value of one that has none is <see langword="null"/>.
/// </param>
public sealed record WebSocketExtensionOffer(string Name, IReadOnlyList<KeyValuePair<string, string?>> Parameters)
{
    /// <summary>The offer on one line, as it stands in a header; escaped and cut, so that a log can show it.</summary>
    public override string ToString() => PeerText.Escape(
        string.Join("; ", [Name, .. Parameters.Select(pair => pair.Value is null ? pair.Key : $"{pair.Key}={pair.Value}")]));
}
