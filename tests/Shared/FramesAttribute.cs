using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Sockeye.Tests;

/// <summary>
/// Gives a theory frames from the wire in both roles: to a client as they are, to a server masked; and each in every
/// way the network could deliver them, as <see cref="WireAttribute"/> does.
/// </summary>
/// <param name="hex">Unmasked frames, in hex, spaced at will; the last may be cut off after its header.</param>
/// <param name="more">The arguments of the test after the <see cref="Wire"/>.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class FramesAttribute(string hex, params object?[] more) : DataAttribute
{
    public string Hex { get; } = hex;

    public override bool SupportsDiscoveryEnumeration() => false;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        byte[] frames = Wire.Bytes(Hex);
        IEnumerable<Wire> wires =
            [.. Wire.Deliveries(frames), .. Wire.Deliveries(Wire.Masked(frames), toServer: true)];
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. wires.Select(wire => new TheoryDataRow([wire, .. more]))]);
    }
}
