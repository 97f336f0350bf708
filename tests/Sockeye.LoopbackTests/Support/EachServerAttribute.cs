using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Sockeye.Tests;

/// <summary>Runs a theory over every kind of server.</summary>
/// <param name="data">The arguments behind the kind.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class EachServerAttribute(params object?[] data) : DataAttribute
{
    public object?[] Data { get; } = data;

    /// <summary>Whether the theory does not depend on TLS.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Whether the theory is about TLS.</summary>
    public bool IsSecure { get; init; }

    public override bool SupportsDiscoveryEnumeration() => true;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. Enum.GetValues<ServerKind>().Where(kind => kind.IsSecure() ? !IsPlain : !IsSecure).Select(Row)]);

    private TheoryDataRow Row(ServerKind kind) => new([kind, .. Data]) { Skip = kind.WhyNot() };
}
