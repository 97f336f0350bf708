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
    public void The_examples_of_the_RFC_get_its_responses(string algorithm, string response) => Assert.Equal(
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
    public void A_challenge_without_an_algorithm_uses_MD5() => Assert.Contains(
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
    public void A_challenge_without_qop_gets_a_response_without_qop() => Assert.Equal(
        $"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"{Hash($"{Hash("u:r:p")}:n:{Hash("GET:/")}")}\"",
        Answer("Digest realm=r, nonce=n", new NetworkCredential("u", "p"), "/", "c"));

    // RFC 7616 §3.4.2, §3.4.4.
    [Fact]
    public void Session_algorithms_and_hashed_user_names_are_supported()
    {
        string secret = Hash($"{Hash("u:r:p")}:n:c");

        Assert.Equal(
            $"Digest username=\"{Hash("u:r")}\", realm=\"r\", nonce=\"n\", uri=\"/\", "
            + $"response=\"{Hash($"{secret}:n:00000001:c:auth:{Hash("GET:/")}")}\", algorithm=MD5-sess, qop=auth, nc=00000001, "
            + "cnonce=\"c\", userhash=true",
            Answer("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess, userhash=true", new NetworkCredential("u", "p"), "/", "c"));
    }

    // RFC 7616 §3.4.3, computed independently, with the hash of an empty body. Without "auth", which goes first.
    [Theory]
    [InlineData("qop=\"auth-int\"", "c6b5836583d3010637250f9caa2aac69")]
    [InlineData("qop=\"AUTH-INT, other\", algorithm=MD5", "c6b5836583d3010637250f9caa2aac69")]
    [InlineData("qop=auth-int, algorithm=MD5-sess", "97ece110ff085fa048390673986a6472")]
    [InlineData("qop=auth-int, algorithm=SHA-256", "cc59c8f4a8d1b00376f5ddc41ab8090fc0263631d5279c3411b991912c65577a")]
    public void Qop_auth_int_is_supported_for_an_empty_body(string parameters, string response)
    {
        string answer = Answer($"Digest realm=r, nonce=n, {parameters}", Mufasa, "/dir/index.html", "c")!;

        Assert.Contains($"response=\"{response}\"", answer, StringComparison.Ordinal);
        Assert.Contains(", qop=auth-int, nc=00000001, cnonce=\"c\"", answer, StringComparison.Ordinal);
    }

    // RFC 7616 §4: NFC, computed independently for "René" and "passé", given as letters with combining accents.
    [Theory]
    [InlineData("charset=\"UTF-8\"", "f5f16c4912d6adf17161529015f3fc28f153a71b0f78a8881427a1c8e0179edb", "Ren%C3%A9")]
    [InlineData("charset=utf-8", "f5f16c4912d6adf17161529015f3fc28f153a71b0f78a8881427a1c8e0179edb", "Ren%C3%A9")]
    [InlineData("opaque=o", "4271dfe6205d477fd99b9c214f617e0cf2f1c42ec5225381dea4bf08a6e366ef", "Rene%CC%81")]
    public void Text_is_normalized_if_the_charset_is_UTF_8(string parameter, string response, string name)
    {
        string challenge = $"Digest realm=r, nonce=n, qop=auth, algorithm=SHA-256, {parameter}";

        string answer = Answer(challenge, Normalized(challenge, "Rene\u0301", "passe\u0301"), "/", "c")!;

        Assert.Contains($"response=\"{response}\"", answer, StringComparison.Ordinal);
        Assert.Contains($"username*=UTF-8''{name},", answer, StringComparison.Ordinal);
    }

    // RFC 7617 §2.1, of Basic, whose text has a domain too.
    [Theory]
    [InlineData("Basic realm=r, charset=\"UTF-8\"", "Basic UmVuw6k6cGFzc8Op")]
    [InlineData("Basic realm=r", "Basic UmVuZcyBOnBhc3NlzIE=")]
    public void Basic_credentials_are_normalized(string challenge, string expected) =>
        Assert.Equal(expected, BasicCredentials.ToHeader(Normalized(challenge, "Rene\u0301", "passe\u0301")));

    [Fact]
    public void Text_with_a_lone_surrogate_is_normalized_without_an_exception() =>
        Assert.Equal("a\uFFFD", CredentialText.Normalize("a\uD800"));

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
    [InlineData("Digest realm=r, nonce=n, qop=auth-conf")]
    [InlineData("Digest realm=r, nonce=n, qop=auth, algorithm=SHA-512-256")]
    [InlineData("Digest realm=r, nonce=n, qop=auth, algorithm=none")]
    public void An_unsupported_challenge_gets_no_response(string challenge) =>
        Assert.Null(Answer(challenge, Mufasa, "/", ClientNonce));

    // These tests run with invariant globalization, in which the platform normalizes nothing.
    private static NetworkCredential Normalized(string challenge, string user, string password) => CredentialText.For(
        Assert.Single(AuthenticationChallenge.Parse(challenge)), new(user, password),
        static text => text.Replace("e\u0301", "\u00E9", StringComparison.Ordinal));

    private static string? Answer(string challenge, NetworkCredential credential, string target, string clientNonce) =>
        DigestCredentials.ToHeader(
            Assert.Single(AuthenticationChallenge.Parse(challenge)), credential, "GET", target, clientNonce);

#pragma warning disable CA5351 // RFC 7616 has MD5.
    private static string Hash(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes(text)));
#pragma warning restore CA5351
}
