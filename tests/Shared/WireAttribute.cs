using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Sockeye.Tests;

/// <summary>
/// Gives a theory bytes from the wire, once for each way the network could deliver them: whole, cut in two at
/// every place, and a byte at a time. A parser test that takes a <see cref="Wire"/> is a segmentation test.
/// </summary>
/// <param name="hex">The bytes, in hex, spaced at will.</param>
/// <param name="more">The arguments of the test after the <see cref="Wire"/>.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public class WireAttribute(string hex, params object?[] more) : DataAttribute
{
    public string Hex { get; } = hex;

    public override bool SupportsDiscoveryEnumeration() => false;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. Deliveries(Wire.Bytes(Hex)).Select(wire => new TheoryDataRow([wire, .. more]))]);

    protected virtual IEnumerable<Wire> Deliveries(byte[] bytes) => Wire.Deliveries(bytes);
}
