namespace Sockeye.Protocol.Tests;

public sealed class ProtocolErrorsTests
{
    public static TheoryData<WebSocketProtocolError> Errors => [.. Enum.GetValues<WebSocketProtocolError>()];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_error_has_its_own_description(WebSocketProtocolError error)
    {
        string sentence = error.Describe();

        // The default case returns the name of the member.
        Assert.NotEqual(error.ToString(), sentence);
        Assert.Contains(' ', sentence);
        Assert.Single(Enum.GetValues<WebSocketProtocolError>(), other => other.Describe() == sentence);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_description_cites_its_clause(WebSocketProtocolError error)
    {
        if (error != WebSocketProtocolError.None)
        {
            Assert.Matches(@"\(RFC \d{4} §\d+(\.\d+)*\)$", error.Describe());
        }
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_close_code_may_be_sent(WebSocketProtocolError error) =>
        Assert.True(CloseCodes.MayBeSent((int)error.CloseCode()));

    [Fact]
    public void Close_codes_are_those_of_the_rfc()
    {
        Dictionary<WebSocketProtocolError, WebSocketCloseCode> others = new()
        {
            [WebSocketProtocolError.InvalidUtf8] = WebSocketCloseCode.InvalidPayload, // §8.1
            [WebSocketProtocolError.InvalidUtf8InCloseReason] = WebSocketCloseCode.InvalidPayload,
            [WebSocketProtocolError.MessageTooLong] = WebSocketCloseCode.MessageTooBig, // §7.4.1
            [WebSocketProtocolError.InvalidCompressedData] = WebSocketCloseCode.InvalidPayload, // RFC 7692 does not say
            [WebSocketProtocolError.TooManyEmptyFragments] = WebSocketCloseCode.PolicyViolation,
            [WebSocketProtocolError.MemoryExhausted] = WebSocketCloseCode.TryAgainLater,
        };

        foreach (WebSocketProtocolError error in Enum.GetValues<WebSocketProtocolError>())
        {
            Assert.Equal(others.GetValueOrDefault(error, WebSocketCloseCode.ProtocolError), error.CloseCode());
        }
    }
}
