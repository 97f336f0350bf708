namespace Sockeye.Protocol.Tests;

/// <summary>A head and the expected result.</summary>
/// <param name="Name">What the case shows. Starts with its row in the catalogue of attacks, if it is from there.</param>
/// <param name="Head">The bytes, one per character.</param>
/// <param name="Expected">The error that it causes.</param>
/// <param name="Status">The status with which a server responds; 101 if it accepts, 0 in tests of the client.</param>
public sealed record HandshakeCase(string Name, string Head, WebSocketHandshakeError Expected, int Status = 0)
{
    public override string ToString() => Name;
}
