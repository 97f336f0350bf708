using System.Net;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>User and password as a server wants their text.</summary>
internal static class CredentialText
{
    /// <summary>
    /// Normalizes them to NFC if the challenge has <c>charset="UTF-8"</c> (RFC 7616 §4, RFC 7617 §2.1): the same password may be
    /// written with other code points on another machine.
    /// </summary>
    /// <param name="challenge">The challenge that is answered.</param>
    /// <param name="credential">Who the client is.</param>
    /// <param name="normalize">What normalizes; in a process with invariant globalization, the platform's does nothing.</param>
    public static NetworkCredential For(
        AuthenticationChallenge challenge, NetworkCredential credential, Func<string, string> normalize) =>
        "UTF-8".Equals(challenge["charset"], StringComparison.OrdinalIgnoreCase)
            ? new(normalize(credential.UserName), normalize(credential.Password), normalize(credential.Domain))
            : credential;

    /// <summary>The platform's normalization, of text that may have lone surrogates: they become U+FFFD, as on the wire.</summary>
    public static string Normalize(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Normalize(NormalizationForm.FormC);
}
