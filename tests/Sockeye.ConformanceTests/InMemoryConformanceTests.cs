namespace Sockeye.Tests;

/// <summary>All cases in memory, in place: what a byte causes has happened before the next one is sent.</summary>
public sealed class InMemoryConformanceTests
{
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Beyond => CaseRuns.Rows(CaseCatalogue.Beyond);

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_goes_as_it_must(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.InMemory);

    [Theory]
    [MemberData(nameof(Beyond))]
    public Task Case_of_our_own_goes_as_it_must(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.InMemory);
}
