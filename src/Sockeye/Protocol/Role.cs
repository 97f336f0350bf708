namespace Sockeye.Protocol;

/// <summary>The role of an end: only a client masks its frames, and only a server responds to the opening handshake.</summary>
internal enum Role : byte
{
    /// <summary>The end that opened the connection.</summary>
    Client,

    /// <summary>The end that accepted it.</summary>
    Server,
}
