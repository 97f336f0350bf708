using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>How texts of this library show text of a peer.</summary>
public sealed class ExceptionTextTests
{
    [Fact]
    public void Every_exception_escapes_text_of_the_peer()
    {
        IEnumerable<Type> kinds = typeof(SockeyeException).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(SockeyeException)) && !type.IsAbstract);
        Assert.Equal(
            kinds.OrderBy(type => type.FullName),
            HostileExceptions.All.Select(exception => exception.GetType()).Distinct().OrderBy(type => type.FullName));

        foreach (SockeyeException exception in HostileExceptions.All)
        {
            HostileText.AssertEscaped(exception.Message);
            Assert.InRange(exception.Message.Length, 1, 4 * 1024);
            Assert.InRange(exception.ToString().Length, 1, 16 * 1024);
            HostileText.AssertEscaped(exception.ToString(), hasLines: true);

            // Of another exception it is the cause of.
            HostileText.AssertEscaped(new InvalidOperationException("outer", exception).ToString(), hasLines: true);
        }
    }

    [Fact]
    public void Every_public_ToString_escapes_text_of_the_peer()
    {
        // Of the rest, either this end has set what they show, or it is what the application asks for: the text
        // of a message.
        Type[] harmless =
        [
            typeof(WebSocketMessage), typeof(WebSocketOwnedMessage), typeof(WebSocketSetCookie), typeof(WebSocketReconnectStatus),
            typeof(WebSocketDropCounts), typeof(WebSocketSendOptions), typeof(WebSocketRoundTripTimes), typeof(WebSocketFrame),
        ];
        object[] shown =
        [
            .. HostileExceptions.All,
            .. HostileExceptions.Results,
            .. HostileExceptions.Results.Select(result => new WebSocketDisconnect(result, exception: null)),
            .. HostileExceptions.All.Select(exception => new WebSocketDisconnect(result: null, exception)),
            new WebSocketDisconnect(result: null, new HttpRequestException(HostileText.Text)),
            WebSocketHeaders.Received([new(HostileText.Text, HostileText.Text)]),
            new WebSocketExtensionOffer(HostileText.Text, [new(HostileText.Text, HostileText.Text), new("b", null)]),
        ];
        IEnumerable<Type> kinds = typeof(SockeyeException).Assembly.GetExportedTypes()
            .Where(type => type.GetMethod("ToString", [])!.DeclaringType is { } declaring
                && declaring.Assembly == type.Assembly
                && !IsRecordOfOptions(type)
                && !type.IsAbstract);

        Assert.Equal(
            kinds.Except(harmless).OrderBy(type => type.FullName),
            shown.Select(value => value.GetType()).Distinct().OrderBy(type => type.FullName));
        Assert.All(shown, value => HostileText.AssertEscaped(value.ToString(), hasLines: value is Exception));
        HostileText.AssertEscaped(new CloseStatus(WebSocketCloseCode.NormalClosure, HostileText.Text).ToString());
    }

    [Fact]
    public void Properties_hold_text_of_the_peer_unchanged()
    {
        Assert.Equal(HostileText.WithLoneSurrogate, HostileExceptions.Results[0].Reason);
        WebSocketHandshakeException exception = HostileExceptions.All.OfType<WebSocketHandshakeException>().First();
        Assert.Equal(new(HostileText.WithLoneSurrogate, HostileText.WithLoneSurrogate), exception.Headers[0]);
        Assert.Equal(HostileText.Text, System.Text.Encoding.UTF8.GetString(exception.Body.Span)[..HostileText.Text.Length]);
    }

    [Fact]
    public void Close_result_reads_as_one_sentence()
    {
        var result = new WebSocketCloseResult(
            WebSocketCloseCode.GoingAway, "'see' \"you\"\nlater", wasClean: true, WebSocketCloseInitiator.Peer, exception: null);

        Assert.Equal(@"1001 (GoingAway) '\'see\' ""you""\nlater', clean, begun by the peer", result.ToString());
    }

    [Fact]
    public void A_message_with_a_cause_ends_with_one_full_stop()
    {
        var result = new WebSocketCloseResult(
            WebSocketCloseCode.AbnormalClosure, "", wasClean: false, WebSocketCloseInitiator.Peer,
            new EndOfStreamException("The peer ended the transport without a Close frame."));

        Assert.Equal(
            "The connection is closed: 1006 (AbnormalClosure), not clean, begun by the peer: "
            + "The peer ended the transport without a Close frame.",
            new WebSocketClosedException(result).Message);
    }

    [Fact]
    public void Harmless_text_is_unchanged()
    {
        var cause = new IOException(@"The path C:\new is ""gone"".");
        var exception = new WebSocketHandshakeException(
            WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.Connect, statusCode: null, [], innerException: cause);

        Assert.Contains(cause.ToString(), exception.ToString(), StringComparison.Ordinal);
    }

    // A record of options shows what the application has set.
    private static bool IsRecordOfOptions(Type type) =>
        type.GetMethod("<Clone>$") is not null
        && (type.Name.EndsWith("Options", StringComparison.Ordinal)
            || type.Namespace == typeof(SockeyeException).Namespace && type.Name is
                nameof(WebSocketEndPoint) or nameof(WebSocketHandshakeInput) or nameof(WebSocketParsedRequest)
                or nameof(WebSocketUpgradeAcceptance) or nameof(WebSocketUpgradeRejection)
                or nameof(WebSocketPlainResponse));
}
