namespace Sockeye.Client;

/// <summary>
/// Follows redirects (RFC 9110 §15.4) as far as the application allows, without sending secrets to other servers.
/// </summary>
internal sealed class ClientRedirects(WebSocketClientOptions options, ClientAddress first, CarriedHeaders headers)
{
    // Neither 304, which is about caches, nor 305, by which a server would choose the client's proxy (RFC 9110 §15.4.6).
    private static readonly int[] Statuses = [300, 301, 302, 303, 307, 308];

    /// <summary>The number of redirects followed.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the address that a response redirects to.</summary>
    /// <returns>The next address; <see langword="null"/> if the response is not a redirect that is followed.</returns>
    /// <exception cref="WebSocketHandshakeException">
    /// The redirect is not allowed: its target is invalid or insecure, or there were too many.
    /// </exception>
    public async ValueTask<ClientAddress?> NextAsync(
        ClientAddress current, int status, WebSocketHeaders received,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<string> locations = received.GetValues("Location");
        if (options.MaxRedirects == 0 || !Statuses.Contains(status) || locations.Count == 0)
        {
            return null;
        }

        ClientAddress? next = null;
        WebSocketHandshakeError error =
            Count == options.MaxRedirects ? WebSocketHandshakeError.TooManyRedirects
            : locations.Count > 1 || !current.TryFollow(locations[0], out next)
                || !BasicCredentials.AreValid(next.UserInfo) ? WebSocketHandshakeError.InvalidRedirect

            // A request that began over TLS must not continue where others can read it.
            : (current.IsSecure || first.IsSecure) && !next.IsSecure ? WebSocketHandshakeError.InsecureRedirect
            : WebSocketHandshakeError.None;
        if (error != WebSocketHandshakeError.None)
        {
            throw new WebSocketHandshakeException(error, WebSocketHandshakePhase.Redirect, status, received);
        }

        Count++;
        var redirect = new WebSocketRedirect(
            current.Shown, next!.Shown, status, received, Count, next.IsSameOrigin(first));
        if (options.OnRedirecting is { } callback && !await callback(redirect, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        if (!redirect.KeepHeaders)
        {
            headers.LeaveOrigin();
        }
        else if (redirect.IsSameOrigin && next.IsSameOrigin(current))
        {
            // Ignored from another server, which must not choose the client's identity at the first one.
            headers.TakeFromRedirect(BasicCredentials.Read(next.UserInfo));
        }

        return next;
    }
}
