using static Sockeye.Protocol.Tests.Negotiations;

namespace Sockeye.Protocol.Tests;

public sealed class ServerNegotiationTests
{
    private const string Name = PerMessageDeflateParameters.ExtensionName;

    [Theory]
    [InlineData(Name, Name)] // EX-01; ws 4.6, 8
    [InlineData(Name + "; client_max_window_bits", Name)] // what browsers offer
    [InlineData(Name + "; client_max_window_bits=10", Name + "; client_max_window_bits=10")]
    [InlineData(Name + "; client_max_window_bits=15", Name)]
    [InlineData(Name + "; server_max_window_bits=10", Name + "; server_max_window_bits=10")]
    [InlineData(Name + "; server_max_window_bits = 10", Name + "; server_max_window_bits=10")] // RFC 6455 §9.1
    [InlineData(Name + " ;\tclient_max_window_bits\t= \"10\" ,", Name + "; client_max_window_bits=10")]
    [InlineData("," + Name + ";server_max_window_bits =10,,foo", Name + "; server_max_window_bits=10")]
    [InlineData(Name + "; server_max_window_bits=15", Name + "; server_max_window_bits=15")] // §7.1.2.1: must be answered
    [InlineData(Name + "; server_no_context_takeover", Name + "; server_no_context_takeover")]
    [InlineData(Name + "; client_no_context_takeover", Name + "; client_no_context_takeover")]
    public void Response_contains_what_the_offer_requests(string offer, string expected) =>
        Assert.Equal(expected, Answer(offer));

    [Fact]
    public void Offer_with_all_parameters_is_accepted() // ws 4.6, 9
    {
        const string offer = Name
            + "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11";

        Assert.Equal(offer, Answer(offer));
    }

    [Theory]
    [InlineData("foo, bar; baz, " + Name)]
    [InlineData(Name + ", foo")]
    [InlineData("foo; " + Name + ", " + Name)]
    [InlineData("toString; constructor, __proto__, " + Name)] // EX-41
    public void Other_extensions_are_ignored(string offers) => // EX-02
        Assert.Equal(Name, Answer(offers));

    [Theory]
    [InlineData("permessage-deflateX")]
    [InlineData("Xpermessage-deflate")]
    [InlineData("permessage")]
    [InlineData("Permessage-Deflate")]
    [InlineData("PERMESSAGE-DEFLATE")]
    [InlineData("x-webkit-deflate-frame")]
    [InlineData("foo; permessage-deflate")]
    public void Names_are_compared_exactly(string offers) => // EX-03
        Assert.Null(Answer(offers));

    [Theory]
    [InlineData("7")]
    [InlineData("16")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("+9")]
    [InlineData("010")]
    [InlineData("09")]
    [InlineData("1e1")]
    [InlineData("1")]
    [InlineData("20")]
    [InlineData("1000000000")]
    [InlineData("\"1\\0\\0\\0\\0\"")]
    [InlineData("\"16\"")]
    public void Window_bits_other_than_8_to_15_decline_the_offer(string value) // EX-10, EX-12; ws 4.6, 7 and 16
    {
        Assert.Null(Answer($"{Name}; server_max_window_bits={value}"));
        Assert.Null(Answer($"{Name}; client_max_window_bits={value}"));
    }

    [Theory]
    [InlineData("\"10\"")]
    [InlineData("\"\\10\"")]
    [InlineData("\"\\1\\0\"")]
    public void Window_bits_may_be_quoted(string value) => // EX-10; RFC 6455 §9.1
        Assert.Equal(
            Name + "; server_max_window_bits=10; client_max_window_bits=10",
            Answer($"{Name}; server_max_window_bits={value}; client_max_window_bits={value}"));

    [Fact]
    public void Window_bits_of_the_server_require_a_value() => // EX-10
        Assert.Null(Answer(Name + "; server_max_window_bits"));

    [Fact]
    public void Server_declines_a_window_of_256_bytes_for_itself() // EX-11
    {
        Assert.Null(Answer(Name + "; server_max_window_bits=8"));
        Assert.Equal(Name, Answer($"{Name}; server_max_window_bits=8, {Name}"));
    }

    [Fact]
    public void Server_accepts_a_client_window_of_256_bytes() => // EX-12
        Assert.Equal(Name + "; client_max_window_bits=8", Answer(Name + "; client_max_window_bits=8"));

    [Theory]
    [InlineData("client_no_context_takeover=1")] // EX-13; ws 4.6, 5
    [InlineData("server_no_context_takeover=1")] // ws 4.6, 6
    [InlineData("server_no_context_takeover=\"1\"")]
    [InlineData("foo")] // EX-14; ws 4.6, 4
    [InlineData("foo=1")]
    [InlineData("Server_no_context_takeover")]
    [InlineData("server_no_context_takeover; server_no_context_takeover")] // EX-14; ws 4.6, 3
    [InlineData("client_no_context_takeover; client_no_context_takeover")]
    [InlineData("server_max_window_bits=10; server_max_window_bits=10")]
    [InlineData("client_max_window_bits; client_max_window_bits")]
    [InlineData("client_max_window_bits=10; client_max_window_bits")]
    public void Offer_with_a_wrong_parameter_is_declined_and_the_next_one_accepted(string parameters) // EX-15
    {
        Assert.Null(Answer($"{Name}; {parameters}"));
        Assert.Equal(
            Name + "; server_max_window_bits=11", Answer($"{Name}; {parameters}, {Name}; server_max_window_bits=11"));
    }

    [Fact]
    public void First_acceptable_of_several_offers_is_chosen() => // EX-15; ws 4.6, 11
        Assert.Equal(
            Name + "; server_max_window_bits=12",
            Answer($"{Name}; server_max_window_bits=12, {Name}; server_max_window_bits=10, {Name}"));

    [Fact]
    public void Header_on_several_lines_is_read_like_one() => // EX-17; RFC 6455 §11.3.2
        Assert.Equal(
            Name + "; server_max_window_bits=12",
            Accept(
                PerMessageDeflateRules.Default,
                "foo", $"{Name}; bar, {Name}; baz", "foo", $"{Name}; server_max_window_bits=12, {Name}")?.ToString());

    [Theory]
    [InlineData(15, true)]
    [InlineData(16, false)]
    [InlineData(500, false)]
    public void Only_the_first_16_offers_are_considered(int wrongOffers, bool isAccepted) // EX-16
    {
        string offers = string.Concat(Enumerable.Repeat($"{Name}; foo, other, ", wrongOffers)) + Name;

        Assert.Equal(isAccepted, Answer(offers) is not null);
    }

    [Fact]
    public void Negotiation_allocates_nothing() // EX-16
    {
        string many = string.Concat(Enumerable.Repeat($"{Name}; foo=1; bar, other; a=\"b\", ", 200)) + Name;
        HeaderFields headers = HeaderFields.FromPairs([KeyValuePair.Create("Sec-WebSocket-Extensions", many)]);
        PerMessageDeflateNegotiation.Accept(headers, PerMessageDeflateRules.Default);

        long before = GC.GetAllocatedBytesForCurrentThread();
        PerMessageDeflateNegotiation.Accept(headers, PerMessageDeflateRules.Default);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_servers_own_rules_go_beyond_the_offer() // ws 4.6, 10
    {
        var rules = new PerMessageDeflateRules
        {
            ServerContextTakeover = false,
            ClientContextTakeover = false,
            ServerMaxWindowBits = 10,
            ClientMaxWindowBits = 11,
        };

        Assert.Equal(
            Name + "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
            Answer($"{Name}; server_max_window_bits=14; client_max_window_bits=13", rules));
        Assert.Equal(
            Name + "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10",
            Answer($"{Name}; server_max_window_bits=9; client_max_window_bits=10", rules));
    }

    [Fact]
    public void Server_that_requires_context_takeover_declines_offers_that_forbid_it() // ws 4.6, 12
    {
        var rules = new PerMessageDeflateRules { ServerContextTakeover = true };

        Assert.Null(Answer(Name + "; server_no_context_takeover", rules));
        Assert.Equal(Name, Answer(Name, rules));
    }

    [Fact]
    public void Server_accepts_a_smaller_window_than_its_own() => // ws 4.6, 13 and 14, where ws declines
        Assert.Equal(
            Name + "; server_max_window_bits=9",
            Answer(Name + "; server_max_window_bits=9", new PerMessageDeflateRules { ServerMaxWindowBits = 12 }));

    [Fact]
    public void Response_does_not_limit_the_window_of_a_client_that_did_not_offer_it() // §7.1.2.2
    {
        var rules = new PerMessageDeflateRules { ClientMaxWindowBits = 10 };

        Assert.Equal(Name, Answer(Name, rules));
        Assert.Equal(Name + "; client_max_window_bits=10", Answer(Name + "; client_max_window_bits", rules));
    }

    [Fact]
    public void Server_can_decline_a_client_whose_window_it_cannot_limit() // ws 4.6, 15
    {
        var rules = new PerMessageDeflateRules { ClientMaxWindowBits = 10, RequireClientMaxWindowBits = true };

        Assert.Null(Answer(Name, rules));
        Assert.Equal(
            Name + "; client_max_window_bits=10", Answer($"{Name}, {Name}; client_max_window_bits=15", rules));
    }
}
