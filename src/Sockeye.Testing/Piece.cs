namespace Sockeye.Testing;

/// <summary>Bytes that arrive together.</summary>
/// <param name="Bytes">The bytes, or those of them that have not been read.</param>
/// <param name="Due">When they arrive, since the start of the network.</param>
/// <param name="IsCounted">Whether they count for positions; those of an exempt opening handshake do not.</param>
internal readonly record struct Piece(ReadOnlyMemory<byte> Bytes, TimeSpan Due, bool IsCounted);
