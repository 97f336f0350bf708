namespace Sockeye.Tests;

/// <summary>
/// The groups for which the transport matters, over TLS: framing, pings, the closing handshake and some of the limits. All cases
/// run over a plain stream.
/// </summary>
public sealed class TlsConformanceTests
{
    private static readonly string[] Groups = ["1", "2", "7"];
    private static readonly string[] Limits = ["9.1.6", "9.3.1", "9.5.1", "9.7.1", "9.8.6", "12.1.4", "12.2.16", "13.2.4", "13.7.11"];

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Some => CaseRuns.Rows(CaseCatalogue.Suite.Where(
        conformanceCase => Groups.Contains(conformanceCase.Group) || Limits.Contains(conformanceCase.Id)));

    [Theory]
    [MemberData(nameof(Some))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Tls);
}
