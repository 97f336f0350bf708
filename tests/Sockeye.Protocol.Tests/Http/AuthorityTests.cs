using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>The results for valid hosts; invalid ones are in <see cref="MalformedRequests"/>.</summary>
public sealed class AuthorityTests
{
    [Theory]
    [InlineData("a", "a", 80, 443)]
    [InlineData("a:", "a", 80, 443)]
    [InlineData("a:1", "a", 1, 1)]
    [InlineData("a:00080", "a", 80, 80)]
    [InlineData("a.example.:65535", "a.example.", 65_535, 65_535)]
    [InlineData("[2001:db8::1]", "[2001:db8::1]", 80, 443)]
    [InlineData("[::ffff:127.0.0.1]:8080", "[::ffff:127.0.0.1]", 8_080, 8_080)]
    public void Authority_is_a_host_with_an_optional_port(string text, string host, int port, int securePort)
    {
        Assert.True(Authority.TryParse(Encoding.ASCII.GetBytes(text), out Authority authority));

        Assert.Equal(host, Encoding.ASCII.GetString(authority.Host));
        Assert.Equal(port, authority.Port(isSecure: false));
        Assert.Equal(securePort, authority.Port(isSecure: true));
    }

    [Theory]
    [InlineData("a", "A:80", false, true)]
    [InlineData("a", "a:443", true, true)]
    [InlineData("a", "a:443", false, false)]
    [InlineData("a", "a.", false, false)]
    [InlineData("[::a]", "[::A]:80", false, true)]
    public void Same_host_and_port_under_one_scheme_are_equal(string one, string other, bool isSecure, bool expected)
    {
        Assert.True(Authority.TryParse(Encoding.ASCII.GetBytes(one), out Authority first));
        Assert.True(Authority.TryParse(Encoding.ASCII.GetBytes(other), out Authority second));

        Assert.Equal(expected, first.IsSame(second, isSecure));
    }

    [Fact]
    public void No_bytes_make_parsing_throw()
    {
        const string alphabet = "[]:a1.@ %\u00FF";
        var random = new Random(6455);

        for (int iteration = 0; iteration < 20_000; iteration++)
        {
            byte[] text = [.. Enumerable.Range(0,
                random.Next(8)).Select(_ => (byte)alphabet[random.Next(alphabet.Length)])];

            bool parsed = Authority.TryParse(text, out Authority authority);

            Assert.Equal(parsed, !authority.Host.IsEmpty);
        }
    }
}
