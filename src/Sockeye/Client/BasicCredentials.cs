using System.Net;
using System.Text;

namespace Sockeye.Client;

/// <summary>A user and a password in an Authorization header (RFC 7617).</summary>
internal static class BasicCredentials
{
    /// <summary>The value of the header.</summary>
    /// <param name="userInfo">Those of the address, percent-encoded, which come first; may be empty.</param>
    /// <param name="credential">Those of the options, if there are any.</param>
    /// <returns><see langword="null"/> if there are none.</returns>
    /// <exception cref="ArgumentException">They cannot be sent.</exception>
    public static string? ToHeader(string userInfo, NetworkCredential? credential)
    {
        if (userInfo.Length != 0)
        {
            int colon = userInfo.IndexOf(':', StringComparison.Ordinal);
            return Encode(
                Uri.UnescapeDataString(colon < 0 ? userInfo : userInfo[..colon]),
                colon < 0 ? "" : Uri.UnescapeDataString(userInfo[(colon + 1)..]));
        }

        return credential is null ? null : Encode(credential.UserName, credential.Password);
    }

    private static string Encode(string user, string password)
    {
        // RFC 7617 §2: "a user-id containing a colon character is invalid", and neither may contain control characters.
        if (user.Contains(':', StringComparison.Ordinal) || user.Any(char.IsControl) || password.Any(char.IsControl))
        {
            throw new ArgumentException(
                "A user has no colon, and neither user nor password has control characters (RFC 7617 §2).",
                nameof(user));
        }

        return "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":" + password));
    }
}
