using Sockeye.Connections;
using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>What an opening handshake comes to if the application accepts it.</summary>
/// <param name="Route">The route it belongs to.</param>
/// <param name="Settings">What its connection shares with others.</param>
/// <param name="PackedHead">Its request, as <see cref="Protocol.PackedHead"/> has made it.</param>
/// <param name="Subprotocol">The subprotocol, unless the application's decision names another.</param>
/// <param name="Deflate">What is answered to the offers of permessage-deflate.</param>
/// <param name="Detail">Of a request that is refused: see <see cref="RefusalDetail"/>.</param>
internal readonly record struct AgreedUpgrade(
    ServerRoute Route, ConnectionSettings Settings, byte[] PackedHead, string? Subprotocol,
    PerMessageDeflateParameters? Deflate, string? Detail = null);
