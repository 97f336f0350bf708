using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Sockeye.Tests;

/// <summary>Runs a theory for each path through a server.</summary>
public sealed class EachPathAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Enum.GetValues<ServerPath>().Select(static path => new TheoryDataRow(path))]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
