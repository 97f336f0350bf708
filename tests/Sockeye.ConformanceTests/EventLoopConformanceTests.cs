using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>All cases on an event loop over TCP, and those of the pull face with an application that asks.</summary>
public sealed class EventLoopConformanceTests
{
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Beyond => CaseRuns.Rows(CaseCatalogue.Beyond);

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_goes_as_it_must(string id, TestedRole role) => RunAsync(id, role, TestedFace.Handler);

    [Theory]
    [MemberData(nameof(Beyond))]
    public Task Case_of_our_own_goes_as_it_must(string id, TestedRole role) => RunAsync(id, role, TestedFace.Handler);

    [Theory]
    [MemberData(nameof(PullFaceConformanceTests.Some), MemberType = typeof(PullFaceConformanceTests))]
    public Task Case_of_the_suite_goes_as_it_must_when_the_application_asks(string id, TestedRole role) =>
        RunAsync(id, role, TestedFace.Pull);

    private static Task RunAsync(string id, TestedRole role, TestedFace face)
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        return CaseRuns.RunAsync(id, role, TestedTransport.EventLoop, face);
    }
}
