namespace Sockeye.Protocol.Tests;

/// <summary>A head, and what it must lead to.</summary>
/// <param name="Name">What it shows; begins with the row of the catalogue of attacks, if it is from there.</param>
/// <param name="Head">The bytes, a character each.</param>
/// <param name="Expected">The rule it breaks.</param>
/// <param name="Status">The status that a server answers; 101 if it accepts, 0 in tests of the client.</param>
public sealed record HandshakeCase(string Name, string Head, WebSocketHandshakeError Expected, int Status = 0)
{
    public override string ToString() => Name;
}
