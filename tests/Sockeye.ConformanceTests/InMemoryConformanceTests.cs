namespace Sockeye.Tests;

/// <summary>All cases in memory, synchronously: the effects of each byte are complete before the next one.</summary>
public sealed class InMemoryConformanceTests
{
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Beyond => CaseRuns.Rows(CaseCatalogue.Beyond);

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.InMemory);

    [Theory]
    [MemberData(nameof(Beyond))]
    public Task Additional_case_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.InMemory);
}
