using System.Reflection;
using Sockeye.Transports.Loops;
using Xunit.Sdk;
using Xunit.v3;

namespace Sockeye.Tests;

/// <summary>Runs a theory over every transport.</summary>
/// <param name="except">Those that cannot do what the theory is about.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EachTransportAttribute(params TransportKind[] except) : DataAttribute
{
    public TransportKind[] Except { get; } = except;

    public override bool SupportsDiscoveryEnumeration() => true;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [.. Enum.GetValues<TransportKind>().Except(Except).Select(Row)]);

    private static TheoryDataRow<TransportKind> Row(TransportKind kind)
    {
        bool isLoop = kind is TransportKind.EventLoop or TransportKind.EventLoopUnix or TransportKind.TlsEventLoop
            or TransportKind.OpenSslEventLoop;
        return new(kind)
        {
            Skip = isLoop && !EventLoop.IsSupported ? LoopSockets.NotSupported
                : kind == TransportKind.OpenSslEventLoop ? LoopTls.WhyNoOpenSsl
                : null,
        };
    }
}
