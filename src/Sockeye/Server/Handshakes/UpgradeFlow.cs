using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// Takes a request that has arrived whole through <see cref="UpgradeSteps"/>, lets the application decide, and creates the connection of a
/// request that is accepted.
/// </summary>
internal static class UpgradeFlow
{
    /// <summary>Begins with the head of the request where it was received.</summary>
    public static UpgradeResult Run(UpgradeAttempt attempt, ReadOnlySpan<byte> head)
    {
        Span<HeaderLine> lines = HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        var request = new ReceivedRequest(head, lines) { Profile = attempt.Route.For(attempt.Settings.Scope.IsSecure) };
        WebSocketHandshakeError error = UpgradeSteps.Check(attempt, ref request);
        if (error != WebSocketHandshakeError.None)
        {
            if (attempt.Server.Failures.NeedRequest)
            {
                attempt.Keep(head);
            }

            return UpgradeResult.Rejected(error);
        }

        return attempt.IsDecidedByApplication
            ? Decide(attempt, request.Offer)
            : Open(attempt, request.Offer, WebSocketUpgradeAcceptance.Default);
    }

    /// <summary>Continues once the application has decided.</summary>
    public static UpgradeResult Conclude(UpgradeAttempt attempt, PendingDecision pending)
    {
        if (pending.Failure is { } failure)
        {
            return Fail(attempt, failure);
        }

        byte[] head = PackedHead.Unpack(attempt.PackedHead);
        Span<HeaderLine> lines = HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        RequestHead.TryParse(head, lines, out RequestHead request);
        return Execute(attempt, pending.Decision, new ServerHandshakeOffer(request, attempt.Subprotocol, attempt.Deflate));
    }

    /// <summary>Returns the result of a decision that does not accept the request.</summary>
    public static UpgradeResult NotAccepted(UpgradeAttempt attempt, WebSocketUpgradeDecision? decision)
    {
        switch (decision)
        {
            case WebSocketUpgradeRejection rejection:
                return UpgradeResult.Rejected(WebSocketHandshakeError.RejectedByApplication, rejection.ToRejection());
            case PlainRequestDecision { Response: { } response }:
                attempt.Server.Logger.PlainRequestAnswered(attempt.Transport.RemoteEndPoint ?? EndPoints.Unknown, response.StatusCode);
                return UpgradeResult.Plain(attempt.PlainError, response.ToRejection());
            case PlainRequestDecision:
                return UpgradeResult.Rejected(attempt.PlainError);
            default:
                attempt.Detail = "the application returned no decision";
                return Fail(attempt, new InvalidOperationException("The application returned no decision."));
        }
    }

    /// <summary>Returns the result of an exception of the application.</summary>
    public static UpgradeResult Fail(UpgradeAttempt attempt, Exception exception)
    {
        attempt.Exception = exception;
        return UpgradeResult.Rejected(WebSocketHandshakeError.ApplicationFailed);
    }

    private static UpgradeResult Decide(UpgradeAttempt attempt, ServerHandshakeOffer offer)
    {
        var cancellation = new CancellationTokenSource();
        ValueTask<WebSocketUpgradeDecision> deciding;
        try
        {
            deciding = attempt.AskAsync(cancellation.Token);
        }
        catch (Exception exception)
        {
            return Fail(attempt, exception);
        }

        if (deciding.IsCompletedSuccessfully)
        {
            return Execute(attempt, deciding.Result, offer);
        }

        attempt.Pending = new PendingDecision(deciding, cancellation);
        return UpgradeResult.Pending;
    }

    private static UpgradeResult Execute(UpgradeAttempt attempt, WebSocketUpgradeDecision? decision, ServerHandshakeOffer offer) =>
        decision is WebSocketUpgradeAcceptance acceptance ? Open(attempt, offer, acceptance) : NotAccepted(attempt, decision);

    private static UpgradeResult Open(UpgradeAttempt attempt, ServerHandshakeOffer offer, WebSocketUpgradeAcceptance acceptance)
    {
        try
        {
            return UpgradeResult.Accepted(UpgradeResponses.Open(attempt, offer, acceptance));
        }
        catch (Exception exception)
        {
            return Fail(attempt, exception);
        }
    }
}
