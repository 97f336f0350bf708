using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class AuthenticationChallengeTests
{
    // RFC 9110 §11.6.1, including its example.
    [Theory]
    [InlineData("Basic realm=\"simple\"", "Basic:simple")]
    [InlineData("Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"", "Basic:simple Newauth:apps")]
    [InlineData("Newauth realm=apps , type = 1,, Basic  realm = \"a, b=c\"", "Newauth:apps Basic:a, b=c")]
    [InlineData("Negotiate", "Negotiate:")]
    [InlineData("Negotiate, Basic realm=x", "Negotiate: Basic:x")]
    [InlineData("Negotiate YII+/.~==, Digest realm=y,nonce=z", "Negotiate: Digest:y")]
    [InlineData("Negotiate abc , Basic realm=x", "Negotiate: Basic:x")]
    [InlineData(", ,\tBASIC realm=\"\"", "BASIC:")]
    [InlineData("Basic", "Basic:")]
    [InlineData("", "")]
    public void Challenges_on_one_line_are_distinguished(string line, string expected) => Assert.Equal(expected, Shown(line));

    [Theory]
    [InlineData("Basic realm=a, Digest realm=\"b", "Basic:a")]
    [InlineData("Basic realm=a, Digest realm=\"b\\", "Basic:a")]
    [InlineData("Basic realm=a, Digest realm=b realm=c", "Basic:a")]
    [InlineData("Basic realm=a, Digest realm=b, realm=c, Other realm=d", "Basic:a")]
    [InlineData("\"x\"", "")]
    [InlineData("=", "")]
    public void Parsing_stops_at_a_malformed_challenge(string line, string expected) => Assert.Equal(expected, Shown(line));

    [Fact]
    public void No_bytes_make_parsing_throw()
    {
        var random = new Random(1);
        const string Letters = "ab=,\"\\ \t/+-\u00E9";
        for (int i = 0; i < 100_000; i++)
        {
            string line = new([.. Enumerable.Range(0, random.Next(20)).Select(_ => Letters[random.Next(Letters.Length)])]);
            Assert.All(AuthenticationChallenge.Parse(line), challenge => Assert.NotEqual("", challenge.Scheme));
        }
    }

    private static string Shown(string line) => string.Join(
        ' ', AuthenticationChallenge.Parse(line).Select(challenge => $"{challenge.Scheme}:{challenge["realm"]}"));
}
