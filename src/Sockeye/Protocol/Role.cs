namespace Sockeye.Protocol;

/// <summary>Which end of a connection this one is: only a client masks, only a server answers the opening handshake.</summary>
internal enum Role : byte
{
    /// <summary>The end that opened the connection.</summary>
    Client,

    /// <summary>The end that accepted it.</summary>
    Server,
}
