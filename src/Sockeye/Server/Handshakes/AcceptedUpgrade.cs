using Sockeye.Protocol;

namespace Sockeye.Server.Handshakes;

/// <summary>What the two ends of an accepted opening handshake have agreed on.</summary>
/// <param name="Acceptance">The decision of the application.</param>
/// <param name="Subprotocol">The subprotocol in the response; <see langword="null"/> for none.</param>
/// <param name="Deflate">The parameters of permessage-deflate in the response; <see langword="null"/> for none.</param>
internal readonly record struct AcceptedUpgrade(
    WebSocketUpgradeAcceptance Acceptance, string? Subprotocol, PerMessageDeflateParameters? Deflate);
