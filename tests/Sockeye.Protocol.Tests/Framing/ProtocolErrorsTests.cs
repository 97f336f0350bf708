namespace Sockeye.Protocol.Tests;

public sealed class ProtocolErrorsTests
{
    public static TheoryData<ProtocolError> Errors => [.. Enum.GetValues<ProtocolError>()];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_error_has_a_sentence_of_its_own(ProtocolError error)
    {
        string sentence = error.Describe();

        // The default arm answers with the name of the member.
        Assert.NotEqual(error.ToString(), sentence);
        Assert.Contains(' ', sentence);
        Assert.Single(Enum.GetValues<ProtocolError>(), other => other.Describe() == sentence);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_sentence_names_its_clause(ProtocolError error)
    {
        if (error != ProtocolError.None)
        {
            Assert.Matches(@"\(RFC \d{4} §\d+(\.\d+)*\)$", error.Describe());
        }
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_close_code_may_be_sent(ProtocolError error) =>
        Assert.True(CloseCodes.MayBeSent((int)error.CloseCode()));

    [Fact]
    public void Codes_are_those_of_the_rfc()
    {
        Dictionary<ProtocolError, WebSocketCloseCode> others = new()
        {
            [ProtocolError.InvalidUtf8] = WebSocketCloseCode.InvalidPayload, // §8.1
            [ProtocolError.InvalidUtf8InCloseReason] = WebSocketCloseCode.InvalidPayload,
            [ProtocolError.MessageTooLong] = WebSocketCloseCode.MessageTooBig, // §7.4.1
            [ProtocolError.InvalidCompressedData] = WebSocketCloseCode.InvalidPayload, // RFC 7692 does not say
            [ProtocolError.TooManyEmptyFragments] = WebSocketCloseCode.PolicyViolation,
            [ProtocolError.MemoryExhausted] = WebSocketCloseCode.TryAgainLater,
        };

        foreach (ProtocolError error in Enum.GetValues<ProtocolError>())
        {
            Assert.Equal(others.GetValueOrDefault(error, WebSocketCloseCode.ProtocolError), error.CloseCode());
        }
    }
}
