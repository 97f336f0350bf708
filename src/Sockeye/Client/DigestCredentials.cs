using System.Net;
using System.Security.Cryptography;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>Responds to a challenge without sending the password (RFC 7616).</summary>
internal static class DigestCredentials
{
    private const int ClientNonceLength = 16;
    private const string Auth = "auth";
    private const string AuthInt = "auth-int";

    // Each nonce is used for one request only.
    private const string NonceCount = "00000001";

    /// <summary>Returns the strength of a challenge's algorithm: higher is stronger; 0 if it is not supported.</summary>
    public static int StrengthOf(AuthenticationChallenge challenge) => AlgorithmOf(challenge)?.Name switch
    {
        nameof(HashAlgorithmName.SHA256) => 2,
        nameof(HashAlgorithmName.MD5) => 1,
        _ => 0,
    };

    /// <summary>The rule for valid credentials, for error messages.</summary>
    public const string Rule = "Neither user nor password may contain control characters.";

    /// <summary>Whether credentials can be used.</summary>
    public static bool AreValid(NetworkCredential credential) =>
        !credential.UserName.Any(char.IsControl) && !credential.Password.Any(char.IsControl);

    /// <summary>Creates a value that a server cannot predict (§5.10).</summary>
    public static string CreateClientNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(ClientNonceLength));

    /// <summary>Creates the value of the Authorization header.</summary>
    /// <returns>The value; <see langword="null"/> if the challenge is invalid or not supported.</returns>
    public static string? ToHeader(
        AuthenticationChallenge challenge, NetworkCredential credential, string method, string target, string clientNonce)
    {
        if (challenge["realm"] is not { } realm || challenge["nonce"] is not { } nonce
            || AlgorithmOf(challenge) is not { } algorithm || !TryGetQop(challenge, out string? qop))
        {
            return null;
        }

        // Without the domain, like HttpClient: RFC 7616 has only the realm.
        string user = credential.UserName;

        // The bytes of the realm as they were received: the HTTP client decodes headers as Latin-1.
        byte[] userAndRealm = [.. Encoding.UTF8.GetBytes(user), (byte)':', .. Encoding.Latin1.GetBytes(realm)];
        string first = Hash(algorithm, [.. userAndRealm, (byte)':', .. Encoding.UTF8.GetBytes(credential.Password)]);
        bool isSession = challenge["algorithm"]?.EndsWith("-sess", StringComparison.OrdinalIgnoreCase) == true;
        if (isSession)
        {
            // §3.4.2.
            first = Hash(algorithm, $"{first}:{nonce}:{clientNonce}");
        }

        // §3.4.3: auth-int covers the body too, which is empty.
        string second = Hash(algorithm, qop == AuthInt ? $"{method}:{target}:{Hash(algorithm, "")}" : $"{method}:{target}");
        string response = Hash(
            algorithm, qop is null ? $"{first}:{nonce}:{second}" : $"{first}:{nonce}:{NonceCount}:{clientNonce}:{qop}:{second}");

        // §3.4.4: the hash of the name in place of the name.
        bool isHashed = "true".Equals(challenge["userhash"], StringComparison.OrdinalIgnoreCase);
        string name = isHashed
            ? $"username=\"{Hash(algorithm, userAndRealm)}\""
            : Ascii.IsValid(user) ? $"username={Quote(user)}" : $"username*=UTF-8''{Uri.EscapeDataString(user)}";
        string answer = $"Digest {name}, realm={Quote(realm)}, nonce={Quote(nonce)}, uri={Quote(target)}, response=\"{response}\""
            + (challenge["algorithm"] is { } token ? $", algorithm={token}" : "")
            + (challenge["opaque"] is { } opaque ? $", opaque={Quote(opaque)}" : "")
            + (qop is null ? "" : $", qop={qop}, nc={NonceCount}")

            // §3.4.2: the hash of a session depends on the client nonce too.
            + (qop is not null || isSession ? $", cnonce={Quote(clientNonce)}" : "")
            + (isHashed ? ", userhash=true" : "");
        return HeaderFieldRules.IsValue(answer) ? answer : null;
    }

    // SHA-512-256 is not supported: the platform does not implement it.
    private static HashAlgorithmName? AlgorithmOf(AuthenticationChallenge challenge) => challenge["algorithm"]?.ToUpperInvariant() switch
    {
        null or "MD5" or "MD5-SESS" => HashAlgorithmName.MD5,
        "SHA-256" or "SHA-256-SESS" => HashAlgorithmName.SHA256,
        _ => null,
    };

    // §3.3: qop is a list. A challenge without it follows RFC 2069.
    private static bool TryGetQop(AuthenticationChallenge challenge, out string? qop)
    {
        qop = null;
        if (challenge["qop"] is not { Length: > 0 } offered)
        {
            return true;
        }

        string[] offers = offered.Split(',', StringSplitOptions.TrimEntries);
        qop = offers.Contains(Auth, StringComparer.OrdinalIgnoreCase) ? Auth
            : offers.Contains(AuthInt, StringComparer.OrdinalIgnoreCase) ? AuthInt
            : null;
        return qop is not null;
    }

    private static string Hash(HashAlgorithmName algorithm, string text) => Hash(algorithm, Encoding.Latin1.GetBytes(text));

    private static string Hash(HashAlgorithmName algorithm, byte[] bytes) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(algorithm, bytes));

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
