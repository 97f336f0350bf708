namespace Sockeye.Protocol.Tests;

public sealed class CloseCodesTests
{
    [Fact]
    public void All_65536_codes_are_classified()
    {
        // RFC 6455 §7.4.1, and the IANA registry of §11.7 for 1012 to 1014, one by one.
        HashSet<int> registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
        int sendable = 0;

        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            // RFC 6455 §7.4.2: 3000-3999 for libraries, frameworks and applications, 4000-4999 for private use.
            bool expected = registered.Contains(code) || (code / 1000 is 3 or 4);

            Assert.True(expected == CloseCodes.MayBeSent(code), $"{code}");
            sendable += expected ? 1 : 0;
        }

        Assert.Equal(12 + 1000 + 1000, sendable);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(65_536 + 1000)]
    [InlineData(int.MaxValue)]
    public void A_code_over_65535_may_not_be_sent(int code) => Assert.False(CloseCodes.MayBeSent(code));
}
