namespace Sockeye.Tests;

/// <summary>All cases over a stream whose reads are exactly the peer's writes.</summary>
public sealed class StreamConformanceTests
{
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Beyond => CaseRuns.Rows(CaseCatalogue.Beyond);

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Stream);

    [Theory]
    [MemberData(nameof(Beyond))]
    public Task Additional_case_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Stream);
}
