namespace Sockeye.Tests;

/// <summary>The cases with an application that calls receive, instead of a handler that is called.</summary>
public sealed class PullFaceConformanceTests
{
    private static readonly string[] Groups = ["1", "2", "3", "4", "5", "6", "7", "10"];
    private static readonly string[] Limits = ["9.1.6", "9.2.6", "9.3.1", "9.4.9", "9.7.1", "9.8.6", "12.1.4", "12.2.16", "13.2.4", "13.7.11"];

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Some => CaseRuns.Rows(CaseCatalogue.Suite.Where(
        conformanceCase => Groups.Contains(conformanceCase.Group) || Limits.Contains(conformanceCase.Id)));

    [Theory]
    [MemberData(nameof(Some))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Stream, TestedFace.Pull);
}
