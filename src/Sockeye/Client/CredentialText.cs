using System.Net;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>Prepares the text of a user and a password for a server.</summary>
internal static class CredentialText
{
    /// <summary>
    /// Normalizes them to NFC if the challenge has <c>charset="UTF-8"</c> (RFC 7616 §4, RFC 7617 §2.1): another machine may write
    /// the same password with other code points.
    /// </summary>
    /// <param name="challenge">The server's challenge.</param>
    /// <param name="credential">The credentials.</param>
    /// <param name="normalize">The normalization; with invariant globalization, the platform's does nothing.</param>
    public static NetworkCredential For(
        AuthenticationChallenge challenge, NetworkCredential credential, Func<string, string> normalize) =>
        "UTF-8".Equals(challenge["charset"], StringComparison.OrdinalIgnoreCase)
            ? new(normalize(credential.UserName), normalize(credential.Password), normalize(credential.Domain))
            : credential;

    /// <summary>Normalizes text to NFC. Lone surrogates become U+FFFD, as on the wire.</summary>
    public static string Normalize(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Normalize(NormalizationForm.FormC);
}
