using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Sockeye.Tests;

/// <summary>Runs a theory over every kind of client.</summary>
/// <param name="data">The arguments behind the kind.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class EachClientAttribute(params object?[] data) : DataAttribute
{
    public object?[] Data { get; } = data;

    public override bool SupportsDiscoveryEnumeration() => true;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. Clients.Kinds.Select(kind => new TheoryDataRow([kind, .. Data]))]);
}
