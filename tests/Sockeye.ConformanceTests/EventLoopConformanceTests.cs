using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>All cases on an event loop over TCP, with a handler and with ReceiveAsync.</summary>
public sealed class EventLoopConformanceTests
{
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Beyond => CaseRuns.Rows(CaseCatalogue.Beyond);

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) => RunAsync(id, role, TestedFace.Handler);

    [Theory]
    [MemberData(nameof(Beyond))]
    public Task Additional_case_passes(string id, TestedRole role) => RunAsync(id, role, TestedFace.Handler);

    [Theory]
    [MemberData(nameof(PullFaceConformanceTests.Some), MemberType = typeof(PullFaceConformanceTests))]
    public Task Case_of_the_suite_passes_with_the_pull_face(string id, TestedRole role) =>
        RunAsync(id, role, TestedFace.Pull);

    private static Task RunAsync(string id, TestedRole role, TestedFace face)
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        return CaseRuns.RunAsync(id, role, TestedTransport.EventLoop, face);
    }
}
