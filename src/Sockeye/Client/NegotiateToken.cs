using System.Net;
using System.Net.Security;

namespace Sockeye.Client;

/// <summary>The first token of Negotiate (RFC 4559): Kerberos, from the platform.</summary>
internal static class NegotiateToken
{
    /// <summary>Asks the platform, which may ask a key distribution center: takes its time, and blocks.</summary>
    /// <returns>The token; <see langword="null"/> if there is none, or one is not enough.</returns>
    public static string? Create(NetworkCredential credential, string host)
    {
        using var authentication = new NegotiateAuthentication(new NegotiateAuthenticationClientOptions
        {
            Package = "Negotiate",
            Credential = credential,
            TargetName = $"HTTP/{host}",
        });
        byte[]? token = authentication.GetOutgoingBlob([], out NegotiateAuthenticationStatusCode status);
        bool isUsable = status is NegotiateAuthenticationStatusCode.Completed or NegotiateAuthenticationStatusCode.ContinueNeeded;

        // NTLM needs three requests on one connection, which an opening handshake has not got.
        return isUsable && token is not null && authentication.Package != "NTLM" ? Convert.ToBase64String(token) : null;
    }
}
