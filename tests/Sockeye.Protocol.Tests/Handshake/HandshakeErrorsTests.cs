namespace Sockeye.Protocol.Tests;

public sealed class HandshakeErrorsTests
{
    [Fact]
    public void Each_error_has_its_own_description_that_cites_its_clause()
    {
        WebSocketHandshakeError[] errors = Enum.GetValues<WebSocketHandshakeError>()[1..];

        Assert.All(errors, error => Assert.Contains("(RFC ", error.Describe(), StringComparison.Ordinal));
        Assert.Equal(errors.Length, errors.Select(error => error.Describe()).Distinct().Count());
    }

    [Fact]
    public void Each_HTTP_error_maps_to_the_handshake_error_of_the_same_name()
    {
        foreach (HttpError error in Enum.GetValues<HttpError>())
        {
            Assert.Equal(error.ToString(), error.ToHandshakeError().ToString());
        }
    }

    [Fact]
    public void Each_status_is_an_error_status_with_a_reason_phrase()
    {
        foreach (WebSocketHandshakeError error in Enum.GetValues<WebSocketHandshakeError>()[1..])
        {
            Assert.InRange(error.StatusCode(), 400, 599);
            Assert.NotEmpty(ReasonPhrases.For(error.StatusCode()));
        }
    }
}
