using static Sockeye.Protocol.Tests.Negotiations;

namespace Sockeye.Protocol.Tests;

public sealed class ClientNegotiationTests
{
    private const string Name = PerMessageDeflateParameters.ExtensionName;

    [Fact]
    public void The_default_offer_lets_the_server_choose_the_clients_window() => // ws 4.6, 1
        Assert.Equal(
            Name + "; client_max_window_bits",
            PerMessageDeflateNegotiation.Offer(PerMessageDeflateRules.Default).ToString());

    [Fact]
    public void Configured_parameters_appear_in_the_offer() // ws 4.6, 2
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
            PerMessageDeflateNegotiation.Offer(rules).ToString());
    }

    [Theory]
    [InlineData("", "declined")]
    [InlineData("foo", "declined")]
    [InlineData(Name, Name)] // ws 4.6, 17
    [InlineData(Name + "; client_max_window_bits=8", Name + "; client_max_window_bits=8")] // EX-31c
    [InlineData(Name + "; client_max_window_bits=15", Name + "; client_max_window_bits=15")]
    // RFC 7692 §7.1.1, §7.1.2.1: a server may impose these, although they were not offered.
    [InlineData(Name + "; client_no_context_takeover", Name + "; client_no_context_takeover")]
    [InlineData(Name + "; server_no_context_takeover", Name + "; server_no_context_takeover")]
    [InlineData(Name + "; server_max_window_bits=8", Name + "; server_max_window_bits=8")]
    [InlineData(Name + "; server_max_window_bits=15", Name + "; server_max_window_bits=15")]
    [InlineData(Name + "; server_max_window_bits=\"9\"", Name + "; server_max_window_bits=9")]
    [InlineData(Name + "; server_max_window_bits = 10", Name + "; server_max_window_bits=10")] // RFC 6455 §9.1
    [InlineData("," + Name + ";\tclient_max_window_bits =\t\"10\" ,", Name + "; client_max_window_bits=10")]
    public void Response_that_matches_the_offer_is_accepted(string response, string expected) =>
        Assert.Equal(expected, Agree(response));

    [Fact]
    public void Response_with_all_parameters_is_accepted() // ws 4.6, 18
    {
        const string response = Name
            + "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11";

        Assert.Equal(response, Agree(response));
    }

    [Theory]
    [InlineData("foo")]
    [InlineData("foo=1")]
    [InlineData("client_max_window_bits")] // valueless in a response
    [InlineData("client_max_window_bits=99")] // ws 4.6, 22
    [InlineData("client_max_window_bits=7")]
    [InlineData("server_max_window_bits=16")]
    [InlineData("server_max_window_bits=08")]
    [InlineData("server_max_window_bits")]
    [InlineData("server_no_context_takeover=1")]
    [InlineData("client_no_context_takeover=true")]
    [InlineData("client_no_context_takeover; client_no_context_takeover")]
    [InlineData("client_max_window_bits=10; client_max_window_bits=10")]
    public void Response_with_an_invalid_parameter_fails(string parameters) => // EX-30c
        Assert.Equal("failed", Agree($"{Name}; {parameters}"));

    [Fact]
    public void Client_that_requires_context_takeover_rejects_a_server_that_forbids_it() // ws 4.6, 19
    {
        var rules = new PerMessageDeflateRules { ClientContextTakeover = true };

        Assert.Equal("failed", Agree(Name + "; client_no_context_takeover", rules));
        Assert.Equal(Name, Agree(Name, rules));
    }

    [Fact]
    public void Limiting_the_window_of_a_client_that_did_not_offer_it_fails() => // EX-30c; ws 4.6, 20
        Assert.Equal(
            "failed", Agree(Name + "; client_max_window_bits=10", default, PerMessageDeflateRules.Default));

    [Fact]
    public void Client_window_larger_than_offered_fails() // EX-30c; ws 4.6, 21
    {
        var rules = new PerMessageDeflateRules { ClientMaxWindowBits = 10 };

        Assert.Equal("failed", Agree(Name + "; client_max_window_bits=11", rules));
        Assert.Equal(Name + "; client_max_window_bits=9", Agree(Name + "; client_max_window_bits=9", rules));
    }

    [Fact]
    public void The_clients_own_parameters_apply_even_if_the_response_omits_them() // ws 4.6, 23; §7.1.1.2, §7.1.2.2
    {
        var rules = new PerMessageDeflateRules { ClientMaxWindowBits = 10, ClientContextTakeover = false };

        Assert.Equal(Name + "; client_no_context_takeover; client_max_window_bits=10", Agree(Name, rules));
    }

    [Fact]
    public void Parameters_requested_of_the_server_must_be_in_the_response() // §7.1.1.1, §7.1.2.1
    {
        var bounded = new PerMessageDeflateRules { ServerMaxWindowBits = 10 };
        var forgetful = new PerMessageDeflateRules { ServerContextTakeover = false };

        Assert.Equal("failed", Agree(Name, bounded));
        Assert.Equal("failed", Agree(Name + "; server_max_window_bits=11", bounded));
        Assert.Equal(Name + "; server_max_window_bits=9", Agree(Name + "; server_max_window_bits=9", bounded));
        Assert.Equal("failed", Agree(Name, forgetful));
    }

    [Fact]
    public void Parameters_determine_the_behaviour_of_each_end()
    {
        PerMessageDeflateParameters none = default;
        var all = new PerMessageDeflateParameters(true, false, 9, 12);

        Assert.Equal((15, 15), (none.WindowBitsOf(Role.Server), none.WindowBitsOf(Role.Client)));
        Assert.True(none.HasContextTakeover(Role.Server));
        Assert.Equal((9, 12), (all.WindowBitsOf(Role.Server), all.WindowBitsOf(Role.Client)));
        Assert.False(all.HasContextTakeover(Role.Server));
        Assert.True(all.HasContextTakeover(Role.Client));
    }
}
