using Xunit.Sdk;
using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>The runner must fail for every wrong endpoint: each test has one kind of error.</summary>
public sealed class CaseRunnerTests
{
    // From a client: 8 bytes of text frame, 8 bytes of Close frame.
    private const int TextEnd = 8;
    private const int CloseEnd = 16;
    private const string Echo = "81 02 6869";
    private const string CloseEcho = "88 02 03E8";

    private static readonly ConformanceCase EchoCase = new("0.1", "an echo", [.. Echoed(Text("hi")), Wait()])
    {
        Result = new ExpectedResult(1000, WasClean: true),
    };

    private static IEnumerable<Segmentation> Segmentations =>
        CaseRuns.Segmentations(Script(EchoCase), TestedTransport.InMemory, TestedFace.Handler);

    [Fact]
    public async Task Correct_endpoint_passes_under_every_segmentation()
    {
        foreach (Segmentation segmentation in Segmentations)
        {
            await RunAsync(EchoCase, Endpoint(Echo, CloseEcho), segmentation);
        }
    }

    [Fact]
    public void Short_case_is_split_at_every_offset()
    {
        Assert.Equal(CloseEnd - 1, Segmentations.OfType<Segmentation.CutAt>().Count());
        Assert.Contains(new Segmentation.Chopped(1), Segmentations);
    }

    [Theory]
    [InlineData("", CloseEcho)] // no echo
    [InlineData("81 02 6868", CloseEcho)] // another payload
    [InlineData("82 02 6869", CloseEcho)] // another kind
    [InlineData("81 82 00000000 6869", CloseEcho)] // masked by a server
    [InlineData(Echo + Echo, CloseEcho)] // twice
    [InlineData(Echo + "8A 00", CloseEcho)] // an unsolicited pong
    [InlineData(Echo, "")] // no Close
    [InlineData(Echo, "88 02 03E9")] // another close code
    [InlineData(Echo, "88 00")] // no close code
    [InlineData(Echo, CloseEcho + CloseEcho)] // two Closes
    [InlineData(Echo, CloseEcho + "8A 00")] // a frame after the Close
    [InlineData(Echo, CloseEcho + "8A")] // half a frame after the Close
    public async Task Wrong_echo_fails(string answer, string closeAnswer) =>
        await AssertFailsAsync(EchoCase, Endpoint(answer, closeAnswer));

    [Fact]
    public async Task Endpoint_that_never_closes_fails() =>
        await AssertFailsAsync(EchoCase, Endpoint(Echo, CloseEcho, endsAfter: null));

    [Fact]
    public async Task Echo_before_the_message_is_complete_fails()
    {
        RawFrame first = Text("h").Unfinished();
        ConformanceCase paused = new(
            "0.2", "a pause", [Send(first), Wait(), Send(Continuation("i")), ExpectText("hi")]);

        await AssertFailsAsync(paused, new ScriptedEndpoint
        {
            Answers = new Dictionary<int, string> { [7] = Echo, [22] = CloseEcho },
            EndsAfter = 22,
            Messages = { new PeerEvent(PeerEventKind.TextMessage, Utf8("hi")) },
        });
    }

    [Fact]
    public async Task Failure_reported_too_late_fails()
    {
        ConformanceCase bad = new(
            "0.3", "a bad byte", [SendUntil(Text([0xFF, 1]), 1), ExpectClose(1007), SendMore(Text([1]), 0)]);

        await AssertFailsAsync(bad, new ScriptedEndpoint
        {
            Answers = new Dictionary<int, string> { [8] = "88 02 03EF" },
            EndsAfter = 8,
        });
    }

    [Fact]
    public async Task Message_that_the_application_did_not_receive_fails()
    {
        ScriptedEndpoint endpoint = Endpoint(Echo, CloseEcho);
        endpoint.Messages.Clear();

        await AssertFailsAsync(EchoCase, endpoint);
    }

    [Fact]
    public async Task Message_that_the_application_should_not_have_received_fails()
    {
        ScriptedEndpoint endpoint = Endpoint(Echo, CloseEcho);
        endpoint.Messages.Add(new PeerEvent(PeerEventKind.BinaryMessage, []));

        await AssertFailsAsync(EchoCase, endpoint);
    }

    [Fact]
    public async Task Wrong_result_fails() =>
        await AssertFailsAsync(
            EchoCase, Endpoint(Echo, CloseEcho, CloseEnd, new ExpectedResult(1006, WasClean: false)));

    private static ScriptedEndpoint Endpoint(
        string answer, string closeAnswer, int? endsAfter = CloseEnd, ExpectedResult? result = null) => new()
        {
            Answers = new Dictionary<int, string> { [TextEnd] = answer, [CloseEnd] = closeAnswer },
            EndsAfter = endsAfter,
            Messages = { new PeerEvent(PeerEventKind.TextMessage, Utf8("hi")) },
            Result = result ?? new ExpectedResult(1000, WasClean: true),
        };

    private static CaseScript Script(ConformanceCase conformanceCase) => new(conformanceCase, peerIsClient: true);

    private static Task RunAsync(
        ConformanceCase conformanceCase, EndpointUnderTest endpoint, Segmentation segmentation) =>
        new CaseRunner(Script(conformanceCase), endpoint, TestedRole.Server).RunAsync(segmentation);

    private static Task<XunitException> AssertFailsAsync(ConformanceCase conformanceCase, EndpointUnderTest endpoint) =>
        Assert.ThrowsAnyAsync<XunitException>(() => RunAsync(conformanceCase, endpoint, new Segmentation.AsWritten()));
}
