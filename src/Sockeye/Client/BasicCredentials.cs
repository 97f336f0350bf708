using System.Net;
using System.Text;

namespace Sockeye.Client;

/// <summary>Writes and checks the credentials of an Authorization header for Basic (RFC 7617).</summary>
internal static class BasicCredentials
{
    /// <summary>The rule for valid credentials, for error messages.</summary>
    public const string Rule =
        "A user must not contain a colon, and neither user nor password may contain control characters (RFC 7617 §2).";

    /// <summary>Returns the value of the header for valid credentials.</summary>
    public static string ToHeader(NetworkCredential credential) =>
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(UserOf(credential) + ":" + credential.Password));

    /// <summary>Decodes the user information of an address.</summary>
    /// <param name="userInfo">The percent-encoded user information.</param>
    /// <returns>The credentials; <see langword="null"/> if the user information is empty.</returns>
    public static NetworkCredential? Read(string userInfo)
    {
        if (userInfo.Length == 0)
        {
            return null;
        }

        (string user, string password) = Split(userInfo);
        return new NetworkCredential(user, password);
    }

    /// <summary>Whether credentials can be sent.</summary>
    public static bool AreValid(NetworkCredential credential) => AreValid(UserOf(credential), credential.Password);

    /// <summary>Whether the credentials of an address can be sent, if there are any.</summary>
    public static bool AreValid(string userInfo)
    {
        (string user, string password) = Split(userInfo);
        return AreValid(user, password);
    }

    /// <summary>Splits user information into user and password, percent-decoded (RFC 3986 §3.2.1).</summary>
    public static (string User, string Password) Split(string userInfo)
    {
        int colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? (Uri.UnescapeDataString(userInfo), "")
            : (Uri.UnescapeDataString(userInfo[..colon]), Uri.UnescapeDataString(userInfo[(colon + 1)..]));
    }

    // Includes the domain, as HttpClient does.
    private static string UserOf(NetworkCredential credential) =>
        credential.Domain.Length == 0 ? credential.UserName : $"{credential.Domain}\\{credential.UserName}";

    // RFC 7617 §2: "a user-id containing a colon character is invalid", and neither may contain control characters.
    private static bool AreValid(string user, string password) =>
        !user.Contains(':', StringComparison.Ordinal) && !user.Any(char.IsControl) && !password.Any(char.IsControl);
}
