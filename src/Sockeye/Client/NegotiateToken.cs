using System.Net;
using System.Net.Security;

namespace Sockeye.Client;

/// <summary>Creates the token of Negotiate (RFC 4559): a Kerberos ticket from the platform.</summary>
internal static class NegotiateToken
{
    /// <summary>Requests the token from the platform, which may contact a key distribution center. Blocks until then.</summary>
    /// <returns>The token; <see langword="null"/> if there is none, or one token is not enough.</returns>
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

        // NTLM needs three requests on one connection; an opening handshake has one.
        return isUsable && token is not null && authentication.Package != "NTLM" ? Convert.ToBase64String(token) : null;
    }
}
