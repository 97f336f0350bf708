using System.Net;
using System.Security.Cryptography;
using System.Text;
using Sockeye.Client;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class DigestCredentialsTests
{
    private const string Nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    private const string Opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
    private const string ClientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    private static readonly NetworkCredential Mufasa = new("Mufasa", "Circle of Life");

    // RFC 7616 §3.9.1.
    [Theory]
    [InlineData("MD5", "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void The_examples_of_the_RFC_are_answered_as_it_answers_them(string algorithm, string response) => Assert.Equal(
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
        + $"nonce=\"{Nonce}\", uri=\"/dir/index.html\", response=\"{response}\", algorithm={algorithm}, opaque=\"{Opaque}\", "
        + $"qop=auth, nc=00000001, cnonce=\"{ClientNonce}\"",
        Answer(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
            + $"algorithm={algorithm}, nonce=\"{Nonce}\", opaque=\"{Opaque}\"",
            Mufasa,
            "/dir/index.html",
            ClientNonce));

    // RFC 2617 §3.5: a challenge without an algorithm is one for MD5.
    [Fact]
    public void A_challenge_without_an_algorithm_is_answered_with_MD5() => Assert.Contains(
        "response=\"6629fae49393a05397450978507c4ef1\", opaque=",
        Answer(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
            + "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
            new NetworkCredential("Mufasa", "Circle Of Life"),
            "/dir/index.html",
            "0a4f113b"),
        StringComparison.Ordinal);

    // RFC 2069 §2.1.2, which RFC 7616 §3.4 still allows.
    [Fact]
    public void A_challenge_without_a_quality_of_protection_is_answered_without() => Assert.Equal(
        $"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"{Hash($"{Hash("u:r:p")}:n:{Hash("GET:/")}")}\"",
        Answer("Digest realm=r, nonce=n", new NetworkCredential("u", "p"), "/", "c"));

    // RFC 7616 §3.4.2, §3.4.4.
    [Fact]
    public void A_session_and_a_hashed_name_are_answered()
    {
        string secret = Hash($"{Hash("u:r:p")}:n:c");

        Assert.Equal(
            $"Digest username=\"{Hash("u:r")}\", realm=\"r\", nonce=\"n\", uri=\"/\", "
            + $"response=\"{Hash($"{secret}:n:00000001:c:auth:{Hash("GET:/")}")}\", algorithm=MD5-sess, qop=auth, nc=00000001, "
            + "cnonce=\"c\", userhash=true",
            Answer("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess, userhash=true", new NetworkCredential("u", "p"), "/", "c"));
    }

    [Fact]
    public void A_name_that_is_not_ASCII_is_sent_encoded() => Assert.StartsWith(
        "Digest username*=UTF-8''J%C3%A4s%C3%B8n, realm=",
        Answer("Digest realm=r, nonce=n, qop=auth", new NetworkCredential("J\u00E4s\u00F8n", "p"), "/", "c"),
        StringComparison.Ordinal);

    [Fact]
    public void Quotes_in_a_name_and_a_challenge_are_escaped() => Assert.StartsWith(
        "Digest username=\"a\\\"b\", realm=\"r\\\\\\\"\", nonce=\"n\"",
        Answer("Digest realm=\"r\\\\\\\"\", nonce=n, qop=auth", new NetworkCredential("a\"b", "p"), "/", "c"),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("Digest nonce=n, qop=auth")]
    [InlineData("Digest realm=r, qop=auth")]
    [InlineData("Digest realm=r, nonce=n, qop=auth-int")]
    [InlineData("Digest realm=r, nonce=n, qop=auth, algorithm=SHA-512-256")]
    [InlineData("Digest realm=r, nonce=n, qop=auth, algorithm=none")]
    public void A_challenge_that_cannot_be_answered_is_not(string challenge) =>
        Assert.Null(Answer(challenge, Mufasa, "/", ClientNonce));

    private static string? Answer(string challenge, NetworkCredential credential, string target, string clientNonce) =>
        DigestCredentials.Answer(
            Assert.Single(AuthenticationChallenge.Parse(challenge)), credential, "GET", target, clientNonce);

#pragma warning disable CA5351 // RFC 7616 has MD5.
    private static string Hash(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes(text)));
#pragma warning restore CA5351
}
