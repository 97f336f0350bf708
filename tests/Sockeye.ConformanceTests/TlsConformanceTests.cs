using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>
/// All cases over TLS in place on an event loop, those of servers with both engines. Over a stream, the groups for which the transport matters: framing, pings, the closing
/// handshake and some of the limits.
/// </summary>
public sealed class TlsConformanceTests
{
    private static readonly string[] Groups = ["1", "2", "7"];
    private static readonly string[] Limits = ["9.1.6", "9.3.1", "9.5.1", "9.7.1", "9.8.6", "12.1.4", "12.2.16", "13.2.4", "13.7.11"];

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Suite => CaseRuns.Rows(CaseCatalogue.Suite);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Servers => Suite.Where(static row => row.Data.Item2 == TestedRole.Server);

    public static IEnumerable<TheoryDataRow<string, TestedRole>> Some => CaseRuns.Rows(CaseCatalogue.Suite.Where(
        conformanceCase => Groups.Contains(conformanceCase.Group) || Limits.Contains(conformanceCase.Id)));

    [Theory]
    [MemberData(nameof(Some))]
    public Task Case_of_the_suite_passes(string id, TestedRole role) =>
        CaseRuns.RunAsync(id, role, TestedTransport.Tls);

    [Theory]
    [MemberData(nameof(Servers))]
    public Task Case_of_the_suite_passes_by_OpenSSL_in_place(string id, TestedRole role)
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        Assert.SkipWhen(LoopTls.WhyNoOpenSsl is not null, "OpenSSL cannot be used here.");
        return CaseRuns.RunAsync(id, role, TestedTransport.OpenSslEventLoop);
    }

    [Theory]
    [MemberData(nameof(Suite))]
    public Task Case_of_the_suite_passes_in_place_on_an_event_loop(string id, TestedRole role)
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        return CaseRuns.RunAsync(id, role, TestedTransport.TlsEventLoop);
    }
}
