namespace Sockeye.Protocol.Tests;

public sealed class HandshakeErrorsTests
{
    [Fact]
    public void Each_rule_has_a_sentence_of_its_own_with_its_clause()
    {
        WebSocketHandshakeError[] errors = Enum.GetValues<WebSocketHandshakeError>()[1..];

        Assert.All(errors, error => Assert.Contains("(RFC ", error.Describe(), StringComparison.Ordinal));
        Assert.Equal(errors.Length, errors.Select(error => error.Describe()).Distinct().Count());
    }

    [Fact]
    public void Each_rule_of_http_is_a_rule_of_the_handshake_of_the_same_name()
    {
        foreach (HttpError error in Enum.GetValues<HttpError>())
        {
            Assert.Equal(error.ToString(), error.ToHandshakeError().ToString());
        }
    }

    [Fact]
    public void Each_status_is_an_error_with_a_phrase()
    {
        foreach (WebSocketHandshakeError error in Enum.GetValues<WebSocketHandshakeError>()[1..])
        {
            Assert.InRange(error.StatusCode(), 400, 599);
            Assert.NotEmpty(ReasonPhrases.For(error.StatusCode()));
        }
    }
}
