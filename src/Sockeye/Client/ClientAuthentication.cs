using System.Net;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>Responds to the challenges of a server (RFC 9110 §11.6), with the strongest scheme that both ends support.</summary>
internal sealed class ClientAuthentication(WebSocketClientOptions options, CarriedHeaders carried)
{
    private const string Basic = "Basic";
    private const string Digest = "Digest";
    private const string Negotiate = "Negotiate";

    // RFC 7616 §3.3: a server may reject a stale nonce once, and then send a fresh one.
    private const int MaxResponses = 2;

    // More than any server needs. Each challenge may call the application and the platform.
    private const int MaxChallenges = 16;

    private bool _isDigest;
    private int _count;

    /// <summary>The Authorization header of the next request; <see langword="null"/> if no challenge requires one.</summary>
    public string? Authorization { get; private set; }

    /// <summary>
    /// Why the credentials for the last challenges cannot be used; <see langword="null"/> if that is not the reason of a failure.
    /// </summary>
    public string? CredentialFault { get; private set; }

    /// <summary>Starts over, for a request to another server or path.</summary>
    public void Reset()
    {
        Authorization = null;
        _count = 0;
    }

    /// <summary>Responds to the challenge of a response, if it has one.</summary>
    /// <param name="address">The address of the server.</param>
    /// <param name="method">The method of the request.</param>
    /// <param name="sent">The Authorization header of the request, if it had one.</param>
    /// <param name="status">The status of the response.</param>
    /// <param name="headers">The headers of the response.</param>
    /// <param name="cancellationToken">Cancels the wait for the platform.</param>
    /// <returns>Whether to send the request again, with <see cref="Authorization"/>.</returns>
    public async ValueTask<bool> TryRespondAsync(
        ClientAddress address, string method, string? sent, int status, WebSocketHeaders headers,
        CancellationToken cancellationToken)
    {
        CredentialFault = null;

        // An Authorization header of the application takes precedence: challenges to it are ignored.
        if (status != (int)HttpStatusCode.Unauthorized || (sent is not null && sent != Authorization && sent != carried.OwnAuthorization)
            || (Authorization is not null && (!_isDigest || _count == MaxResponses)))
        {
            return false;
        }

        IEnumerable<AuthenticationChallenge> challenges =
            from value in headers.GetValues("WWW-Authenticate")
            from challenge in AuthenticationChallenge.Parse(value)
            let strength = StrengthOf(challenge)
            where strength > 0 && (Authorization is null || IsStale(challenge))
            orderby strength descending
            select challenge;
        bool hasNegotiated = false;
        foreach (AuthenticationChallenge challenge in challenges.Take(MaxChallenges))
        {
            if (IsScheme(challenge, Negotiate) && hasNegotiated)
            {
                continue;
            }

            hasNegotiated |= IsScheme(challenge, Negotiate);
            if (await CreateAuthorizationAsync(challenge, address, method, cancellationToken).ConfigureAwait(false) is { } authorization
                && authorization != sent)
            {
                Authorization = authorization;
                _isDigest = IsScheme(challenge, Digest);
                _count++;
                return true;
            }
        }

        return false;
    }

    private static int StrengthOf(AuthenticationChallenge challenge) =>
        IsScheme(challenge, Negotiate) ? int.MaxValue
        : IsScheme(challenge, Digest) && DigestCredentials.StrengthOf(challenge) is > 0 and int strength ? 1 + strength
        : IsScheme(challenge, Basic) ? 1
        : 0;

    private static bool IsStale(AuthenticationChallenge challenge) =>
        IsScheme(challenge, Digest) && "true".Equals(challenge["stale"], StringComparison.OrdinalIgnoreCase);

    private static bool IsScheme(AuthenticationChallenge challenge, string scheme) =>
        challenge.Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase);

    private async ValueTask<string?> CreateAuthorizationAsync(
        AuthenticationChallenge challenge, ClientAddress address, string method, CancellationToken cancellationToken)
    {
        string scheme = IsScheme(challenge, Negotiate) ? Negotiate : IsScheme(challenge, Digest) ? Digest : Basic;
        if (carried.FindCredential(options, address, scheme) is not { } found)
        {
            return null;
        }

        NetworkCredential credential =
            scheme == Negotiate ? found : CredentialText.For(challenge, found, CredentialText.Normalize);

        // A cache returns credentials only here, so they are checked here. It may have others for a weaker scheme.
        if ((scheme == Digest && !DigestCredentials.AreValid(credential))
            || (scheme == Basic && !BasicCredentials.AreValid(credential)))
        {
            CredentialFault ??= $"the credentials for {scheme} cannot be used: "
                + (scheme == Digest ? DigestCredentials.Rule : BasicCredentials.Rule).TrimEnd('.');
            return null;
        }

        switch (scheme)
        {
            case Negotiate:
                string? token = await Task.Run(() => options.NegotiateToken(credential, address.Uri.IdnHost), cancellationToken)
                    .WaitAsync(cancellationToken).ConfigureAwait(false);
                return token is null ? null : $"{Negotiate} {token}";

            case Digest:
                return DigestCredentials.ToHeader(
                    challenge, credential, method, address.Uri.PathAndQuery, DigestCredentials.CreateClientNonce());

            default:
                return BasicCredentials.ToHeader(credential);
        }
    }
}
