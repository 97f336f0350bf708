namespace Sockeye.Protocol.Tests;

public sealed class HeaderFieldRulesTests
{
    [Fact]
    public void Names_are_tokens_of_rfc_9110()
    {
        const string separators = "\"(),/:;<=>?@[\\]{} \t";

        for (char c = '\0'; c < 0x200; c++)
        {
            bool expected = c is > ' ' and < '\x7F' && !separators.Contains(c, StringComparison.Ordinal);

            Assert.True(expected == HeaderFieldRules.IsName($"X{c}"), $"U+{(int)c:X4}");
            if (c <= byte.MaxValue)
            {
                Assert.True(expected == HttpCharacters.IsToken([(byte)c]), $"byte {(int)c:X2}");
            }
        }

        Assert.False(HeaderFieldRules.IsName(""));
    }

    [Fact]
    public void Values_are_latin_1_without_control_characters()
    {
        for (char c = '\0'; c < 0x200; c++)
        {
            bool expected = c == '\t' || (c >= ' ' && c != '\x7F' && c <= 0xFF);

            Assert.True(expected == HeaderFieldRules.IsValue($"a{c}b"), $"U+{(int)c:X4}");
        }

        Assert.True(HeaderFieldRules.IsValue(""));
        Assert.False(HeaderFieldRules.IsValue("\uD83D\uDE00"));
    }

    [Theory]
    [InlineData("Set-Cookie", false)]
    [InlineData("Server", false)]
    [InlineData("Sec-Fetch-Mode", false)]
    [InlineData("Date", false)]
    [InlineData("UPGRADE", true)]
    [InlineData("sec-websocket-key", true)]
    [InlineData("Host", true)]
    public void Names_that_the_handshake_uses_are_reserved(string name, bool expected) =>
        Assert.Equal(expected, HeaderFieldRules.IsReserved(name));

    [Fact]
    public void The_first_fault_in_several_headers_is_returned()
    {
        KeyValuePair<string, string>[] headers =
            [KeyValuePair.Create("A", "a"), KeyValuePair.Create("B", "\n"), KeyValuePair.Create("Host", "a")];

        Assert.Equal(HandshakeFault.InvalidHeaderValue, HeaderFieldRules.Check(headers));
        Assert.Equal(HandshakeFault.None, HeaderFieldRules.Check(headers[..1]));
        Assert.Equal(HandshakeFault.None, HeaderFieldRules.Check([]));
    }
}
