using System.Buffers;
using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>Every valid offer against every kind of rules, and both ends against each other.</summary>
public sealed class NegotiationMatrixTests
{
    private static readonly bool?[] Takeovers = [null, false, true];
    private static readonly bool[] Flags = [false, true];
    private static readonly int?[] WindowBits = [null, 9, 12];

    [Fact]
    public void Every_answer_fits_its_offer_and_the_rules()
    {
        PermessageDeflateRules[] allRules = [.. AllRules()];
        foreach (PermessageDeflateParameters offer in AllOffers())
        {
            foreach (PermessageDeflateRules rules in allRules)
            {
                PermessageDeflateParameters? answer = Negotiations.Accept(rules, offer.ToString());

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
    public void Each_end_takes_what_the_other_says_or_there_is_no_compression()
    {
        PermessageDeflateRules[] allRules = [.. AllRules()];
        foreach (PermessageDeflateRules ofClient in allRules)
        {
            foreach (PermessageDeflateRules ofServer in allRules)
            {
                PermessageDeflateParameters offer = PermessageDeflateNegotiation.Offer(ofClient);
                PermessageDeflateParameters? answer = Negotiations.Accept(ofServer, offer.ToString());

                string agreed = Negotiations.Agree(answer?.ToString() ?? "", ofClient);

                bool isForbidden = ofClient.ClientContextTakeover == true && ofServer.ClientContextTakeover == false;
                Assert.Equal(
                    answer is null ? "declined" : isForbidden ? "failed" : Promised(answer.Value, offer).ToString(),
                    agreed);
            }
        }
    }

    [Fact]
    public void Whole_handshake_carries_what_is_agreed()
    {
        var ofClient = new PermessageDeflateRules { ServerContextTakeover = false };
        var ofServer = new PermessageDeflateRules { ClientMaxWindowBits = 11 };
        var request = new ArrayBufferWriter<byte>();
        var response = new ArrayBufferWriter<byte>();

        ClientHandshake.WriteRequest(request, new ClientHandshakeRequest
        {
            Host = "example.com",
            Key = HeadText.Key,
            PermessageDeflate = PermessageDeflateNegotiation.Offer(ofClient),
            Extensions = [new Extension("foo", [])],
        });
        ServerHandshakeOffer offer = Verdicts.Offer(
            Encoding.Latin1.GetString(request.WrittenSpan), new ServerHandshakeRules { PermessageDeflate = ofServer });
        ServerResponse.WriteAccept(response, offer, null, [new Extension("foo", [new("a", null)])], []);
        ResponseHead.TryParse(response.WrittenSpan, Verdicts.Lines(), out ResponseHead head);
        HandshakeError error = ClientHandshake.Check(
            head,
            new() { Key = HeadText.Key, PermessageDeflate = ofClient, Extensions = ["foo"] },
            out ClientHandshakeAgreement agreement);

        Assert.Contains(
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits, foo\r\n",
            Encoding.Latin1.GetString(request.WrittenSpan),
            StringComparison.Ordinal);
        Assert.Contains(
            "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=11, foo; a\r\n",
            Encoding.Latin1.GetString(response.WrittenSpan),
            StringComparison.Ordinal);
        Assert.Equal(HandshakeError.None, error);
        Assert.Equal(offer.PermessageDeflate, agreement.PermessageDeflate);
    }

    [Theory]
    [InlineData("permessage-deflate; foo", HandshakeError.InvalidExtensionParameters)]
    [InlineData("permessage-deflate, permessage-deflate", HandshakeError.RepeatedExtension)]
    [InlineData("permessage-deflate;", HandshakeError.InvalidExtensions)]
    [InlineData("permessage-deflateX", HandshakeError.UnrequestedExtension)]
    public void Wrong_response_fails_the_handshake(string extensions, HandshakeError expected) // EX-30c
    {
        ResponseHead.TryParse(
            HeadText.Bytes(HeadText.Response("Sec-WebSocket-Extensions: " + extensions)),
            Verdicts.Lines(),
            out ResponseHead head);

        HandshakeError error = ClientHandshake.Check(
            head,
            new() { Key = HeadText.Key, PermessageDeflate = PermessageDeflateRules.Default },
            out ClientHandshakeAgreement agreement);

        Assert.Equal(expected, error);
        Assert.Null(agreement.PermessageDeflate);
    }

    [Fact]
    public void Server_without_rules_declines_and_client_without_rules_refuses()
    {
        ServerHandshakeOffer offer = Verdicts.Offer(
            HeadText.Request("Sec-WebSocket-Extensions: permessage-deflate"));
        ResponseHead.TryParse(
            HeadText.Bytes(HeadText.Response("Sec-WebSocket-Extensions: permessage-deflate")),
            Verdicts.Lines(),
            out ResponseHead head);

        Assert.Null(offer.PermessageDeflate);
        Assert.Equal(
            HandshakeError.UnrequestedExtension, ClientHandshake.Check(head, new() { Key = HeadText.Key }, out _));
    }

    private static void AssertFits(
        PermessageDeflateParameters answer, PermessageDeflateParameters offer, PermessageDeflateRules rules)
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

    private static PermessageDeflateParameters Promised(
        PermessageDeflateParameters answer, PermessageDeflateParameters offer) => answer with
        {
            ClientNoContextTakeover = answer.ClientNoContextTakeover || offer.ClientNoContextTakeover,
            ClientMaxWindowBits = answer.ClientMaxWindowBits ?? (offer.ClientMaxWindowBits == 0 ? null : offer.ClientMaxWindowBits),
        };

    private static IEnumerable<PermessageDeflateParameters> AllOffers() =>
        from serverForgets in Flags
        from clientForgets in Flags
        from serverBits in Enumerable.Range(7, 9)
        from clientBits in Enumerable.Range(6, 10)
        select new PermessageDeflateParameters(
            serverForgets,
            clientForgets,
            serverBits == 7 ? null : serverBits,
            clientBits == 6 ? null : clientBits == 7 ? PermessageDeflateParameters.WithoutValue : clientBits);

    private static IEnumerable<PermessageDeflateRules> AllRules() =>
        from serverTakeover in Takeovers
        from clientTakeover in Takeovers
        from serverBits in WindowBits
        from clientBits in WindowBits
        from isRequired in Flags
        select new PermessageDeflateRules
        {
            ServerContextTakeover = serverTakeover,
            ClientContextTakeover = clientTakeover,
            ServerMaxWindowBits = serverBits,
            ClientMaxWindowBits = clientBits,
            RequireClientMaxWindowBits = isRequired,
        };
}
