namespace Sockeye.Tests;

/// <summary>All cases over TCP sockets.</summary>
public sealed class SocketConformanceTests
{
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Beyond => CaseRuns.Rows(CaseCatalogue.Beyond);

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Socket);

    [Theory]
    [MemberData(nameof(Beyond))]
    public Task Additional_case_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Socket);
}
