using System.Buffers;
using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>Every valid offer with every kind of configuration, and both ends with each other.</summary>
public sealed class NegotiationMatrixTests
{
    private static readonly bool?[] Takeovers = [null, false, true];
    private static readonly bool[] Flags = [false, true];
    private static readonly int?[] WindowBits = [null, 9, 12];

    [Fact]
    public void Every_response_matches_its_offer_and_the_rules()
    {
        PerMessageDeflateRules[] allRules = [.. AllRules()];
        foreach (PerMessageDeflateParameters offer in AllOffers())
        {
            foreach (PerMessageDeflateRules rules in allRules)
            {
                PerMessageDeflateParameters? answer = Negotiations.Accept(rules, offer.ToString());

                bool mustDecline = (offer.ServerNoContextTakeover && rules.ServerContextTakeover == true)
                    || offer.ServerMaxWindowBits == 8
                    || (rules.RequireClientMaxWindowBits && offer.ClientMaxWindowBits is null);
                Assert.Equal(mustDecline, answer is null);
                if (answer is not null)
                {
                    AssertFits(answer.Value, offer, rules);
                }
            }
        }
    }

    [Fact]
    public void Both_ends_agree_or_there_is_no_compression()
    {
        PerMessageDeflateRules[] allRules = [.. AllRules()];
        foreach (PerMessageDeflateRules ofClient in allRules)
        {
            foreach (PerMessageDeflateRules ofServer in allRules)
            {
                PerMessageDeflateParameters offer = PerMessageDeflateNegotiation.Offer(ofClient);
                PerMessageDeflateParameters? answer = Negotiations.Accept(ofServer, offer.ToString());

                string agreed = Negotiations.Agree(answer?.ToString() ?? "", ofClient);

                bool isForbidden = ofClient.ClientContextTakeover == true && ofServer.ClientContextTakeover == false;
                Assert.Equal(
                    answer is null ? "declined" : isForbidden ? "failed" : Promised(answer.Value, offer).ToString(),
                    agreed);
            }
        }
    }

    [Fact]
    public void The_handshake_carries_the_negotiated_parameters()
    {
        var ofClient = new PerMessageDeflateRules { ServerContextTakeover = false };
        var ofServer = new PerMessageDeflateRules { ClientMaxWindowBits = 11 };
        var request = new ArrayBufferWriter<byte>();
        var response = new ArrayBufferWriter<byte>();

        ClientHandshake.WriteRequest(request, new ClientHandshakeRequest
        {
            Host = "example.com",
            Key = HeadText.Key,
            PerMessageDeflate = PerMessageDeflateNegotiation.Offer(ofClient),
            Extensions = [new Extension("foo", [])],
        });
        ServerHandshakeOffer offer = Verdicts.Offer(
            Encoding.Latin1.GetString(request.WrittenSpan), new ServerHandshakeRules { PerMessageDeflate = ofServer });
        ServerResponse.WriteAccept(response, offer, null, [new Extension("foo", [new("a", null)])], []);
        ResponseHead.TryParse(response.WrittenSpan, Verdicts.Lines(), out ResponseHead head);
        WebSocketHandshakeError error = ClientHandshake.Check(
            head,
            new() { Key = HeadText.Key, PerMessageDeflate = ofClient, Extensions = ["foo"] },
            out ClientHandshakeAgreement agreement);

        Assert.Contains(
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits, foo\r\n",
            Encoding.Latin1.GetString(request.WrittenSpan),
            StringComparison.Ordinal);
        Assert.Contains(
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=11, foo; a\r\n",
            Encoding.Latin1.GetString(response.WrittenSpan),
            StringComparison.Ordinal);
        Assert.Equal(WebSocketHandshakeError.None, error);
        Assert.Equal(offer.PerMessageDeflate, agreement.PerMessageDeflate);
    }

    [Theory]
    [InlineData("permessage-deflate; foo", WebSocketHandshakeError.InvalidExtensionParameters)]
    [InlineData("permessage-deflate, permessage-deflate", WebSocketHandshakeError.RepeatedExtension)]
    [InlineData("permessage-deflate;", WebSocketHandshakeError.InvalidExtensions)]
    [InlineData("permessage-deflateX", WebSocketHandshakeError.UnrequestedExtension)]
    public void A_wrong_response_fails_the_handshake(string extensions, WebSocketHandshakeError expected) // EX-30c
    {
        ResponseHead.TryParse(
            HeadText.Bytes(HeadText.Response("Sec-WebSocket-Extensions: " + extensions)),
            Verdicts.Lines(),
            out ResponseHead head);

        WebSocketHandshakeError error = ClientHandshake.Check(
            head,
            new() { Key = HeadText.Key, PerMessageDeflate = PerMessageDeflateRules.Default },
            out ClientHandshakeAgreement agreement);

        Assert.Equal(expected, error);
        Assert.Null(agreement.PerMessageDeflate);
    }

    [Fact]
    public void A_server_without_rules_declines_and_a_client_without_rules_rejects()
    {
        ServerHandshakeOffer offer = Verdicts.Offer(
            HeadText.Request("Sec-WebSocket-Extensions: permessage-deflate"));
        ResponseHead.TryParse(
            HeadText.Bytes(HeadText.Response("Sec-WebSocket-Extensions: permessage-deflate")),
            Verdicts.Lines(),
            out ResponseHead head);

        Assert.Null(offer.PerMessageDeflate);
        Assert.Equal(
            WebSocketHandshakeError.UnrequestedExtension, ClientHandshake.Check(head, new() { Key = HeadText.Key }, out _));
    }

    private static void AssertFits(
        PerMessageDeflateParameters answer, PerMessageDeflateParameters offer, PerMessageDeflateRules rules)
    {
        Assert.Equal(offer.ServerNoContextTakeover || rules.ServerContextTakeover == false, answer.ServerNoContextTakeover);
        Assert.Equal(offer.ClientNoContextTakeover || rules.ClientContextTakeover == false, answer.ClientNoContextTakeover);
        Assert.True(answer.WindowBitsOf(Role.Server) <= (rules.ServerMaxWindowBits ?? 15));
        Assert.True(answer.WindowBitsOf(Role.Server) <= (offer.ServerMaxWindowBits ?? 15));
        Assert.False(offer.ServerMaxWindowBits is not null && answer.ServerMaxWindowBits is null);

        // Never more than was offered.
        Assert.False(offer.ClientMaxWindowBits is null && answer.ClientMaxWindowBits is not null);
        if (offer.ClientMaxWindowBits is int offered)
        {
            Assert.Equal(
                Math.Min(offered == 0 ? 15 : offered, rules.ClientMaxWindowBits ?? 15), answer.WindowBitsOf(Role.Client));
        }
    }

    private static PerMessageDeflateParameters Promised(
        PerMessageDeflateParameters answer, PerMessageDeflateParameters offer) => answer with
        {
            ClientNoContextTakeover = answer.ClientNoContextTakeover || offer.ClientNoContextTakeover,
            ClientMaxWindowBits = answer.ClientMaxWindowBits ?? (offer.ClientMaxWindowBits == 0 ? null : offer.ClientMaxWindowBits),
        };

    private static IEnumerable<PerMessageDeflateParameters> AllOffers() =>
        from serverForgets in Flags
        from clientForgets in Flags
        from serverBits in Enumerable.Range(7, 9)
        from clientBits in Enumerable.Range(6, 10)
        select new PerMessageDeflateParameters(
            serverForgets,
            clientForgets,
            serverBits == 7 ? null : serverBits,
            clientBits == 6 ? null : clientBits == 7 ? PerMessageDeflateParameters.WithoutValue : clientBits);

    private static IEnumerable<PerMessageDeflateRules> AllRules() =>
        from serverTakeover in Takeovers
        from clientTakeover in Takeovers
        from serverBits in WindowBits
        from clientBits in WindowBits
        from isRequired in Flags
        select new PerMessageDeflateRules
        {
            ServerContextTakeover = serverTakeover,
            ClientContextTakeover = clientTakeover,
            ServerMaxWindowBits = serverBits,
            ClientMaxWindowBits = clientBits,
            RequireClientMaxWindowBits = isRequired,
        };
}
