using System.Net;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>Answers the challenges of a server (RFC 9110 §11.6), with the strongest scheme that both ends support.</summary>
internal sealed class ClientAuthentication(WebSocketClientOptions options, CarriedHeaders carried)
{
    private const string Basic = "Basic";
    private const string Digest = "Digest";
    private const string Negotiate = "Negotiate";

    // RFC 7616 §3.3: a nonce that was stale may be followed by one that is not.
    private const int MaxAnswers = 2;

    // No server needs more, and each may call the application and the platform.
    private const int MaxChallenges = 16;

    private bool _isDigest;
    private int _count;

    /// <summary>The Authorization header of the next request; <see langword="null"/> if none was asked for.</summary>
    public string? Answer { get; private set; }

    /// <summary>
    /// Why the last challenges could not be answered, though there are credentials for them; <see langword="null"/> if that is not
    /// the reason.
    /// </summary>
    public string? Hindrance { get; private set; }

    /// <summary>Starts over: the next request is for another server or path.</summary>
    public void Forget()
    {
        Answer = null;
        _count = 0;
    }

    /// <summary>Answers the challenge of a response, if there is one.</summary>
    /// <param name="address">The address of the server.</param>
    /// <param name="method">The method of the request.</param>
    /// <param name="sent">The Authorization header of the request, if it had one.</param>
    /// <param name="status">The status of the response.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="cancellationToken">Cancels the wait for the platform.</param>
    /// <returns>Whether to send the request again, with <see cref="Answer"/>.</returns>
    public async ValueTask<bool> TryAnswerAsync(
        ClientAddress address, string method, string? sent, int status, WebSocketHeaders headers,
        CancellationToken cancellationToken)
    {
        Hindrance = null;

        // An Authorization header of the application takes precedence: its challenges are not answered.
        if (status != (int)HttpStatusCode.Unauthorized || (sent is not null && sent != Answer && sent != carried.OwnAuthorization)
            || (Answer is not null && (!_isDigest || _count == MaxAnswers)))
        {
            return false;
        }

        IEnumerable<AuthenticationChallenge> challenges =
            from value in headers.GetValues("WWW-Authenticate")
            from challenge in AuthenticationChallenge.Parse(value)
            let strength = StrengthOf(challenge)
            where strength > 0 && (Answer is null || IsStale(challenge))
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
            if (await AnswerAsync(challenge, address, method, cancellationToken).ConfigureAwait(false) is { } answer && answer != sent)
            {
                Answer = answer;
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

    private async ValueTask<string?> AnswerAsync(
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
            Hindrance ??= $"the credentials for {scheme} cannot be used: "
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
                return DigestCredentials.Answer(
                    challenge, credential, method, address.Uri.PathAndQuery, DigestCredentials.CreateClientNonce());

            default:
                return BasicCredentials.ToHeader(credential);
        }
    }
}
