using System.IO.Compression;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class PerMessageDeflateOptionsTests
{
    [Fact]
    public void Values_out_of_range_throw_when_set()
    {
        PerMessageDeflateOptions options = PerMessageDeflateOptions.Shared;

        Assert.Throws<ArgumentOutOfRangeException>(() => options with { ServerMaxWindowBits = 8 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { ServerMaxWindowBits = 16 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { ClientMaxWindowBits = 8 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { ClientMaxWindowBits = 16 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { Level = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { Level = 10 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { MemoryLevel = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { MemoryLevel = 10 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { Strategy = (ZLibCompressionStrategy)5 });
        Assert.Throws<ArgumentOutOfRangeException>(() => options with { MinimumLength = -1 });
    }

    [Fact]
    public void Defaults_are_as_documented()
    {
        var options = new PerMessageDeflateOptions();

        Assert.Equal((null, null), (options.ServerContextTakeover, options.ClientContextTakeover));
        Assert.Equal((null, null), (options.ServerMaxWindowBits, options.ClientMaxWindowBits));
        Assert.False(options.RequireClientMaxWindowBits);
        Assert.Equal((8, 1_024), (options.MemoryLevel, options.MinimumLength));
        Assert.Equal(1_024, PerMessageDeflateOptions.Shared.MinimumLength);
        Assert.Equal(64, PerMessageDeflateOptions.Dedicated.MinimumLength);
    }

    [Theory]
    [InlineData(true, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits")]
    [InlineData(false, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12")]
    public void Presets_produce_the_documented_client_offer(bool isShared, string expected)
    {
        PerMessageDeflateOptions options =
            isShared ? PerMessageDeflateOptions.Shared : PerMessageDeflateOptions.Dedicated;

        Assert.Equal(expected, PerMessageDeflateNegotiation.Offer(options.ToRules()).ToString());
    }

    [Theory]
    [InlineData(true, "permessage-deflate; server_no_context_takeover; client_no_context_takeover")]
    [InlineData(false, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12")]
    public void Presets_produce_the_documented_server_response(bool isShared, string expected)
    {
        PerMessageDeflateOptions options =
            isShared ? PerMessageDeflateOptions.Shared : PerMessageDeflateOptions.Dedicated;
        HeaderFields browser = HeaderFields.FromPairs(
            [KeyValuePair.Create("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]);

        Assert.Equal(expected, PerMessageDeflateNegotiation.Accept(browser, options.ToRules()).ToString());
    }
}
