using System.Buffers;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>Responds to opening handshakes: with a connection, or with a rejection (RFC 6455 §4.2.2).</summary>
internal static class UpgradeResponses
{
    // For the responses of a thread, one after the other.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? Acceptances;

    /// <summary>Creates the connection. It is not visible to other code yet.</summary>
    /// <param name="attempt">The handshake, whose transport the connection takes over.</param>
    /// <param name="offer">What the client offers.</param>
    /// <param name="acceptance">The decision of the application.</param>
    /// <returns>The connection, whose send queue is corked and holds the response.</returns>
    /// <remarks>If it throws, the transport is unchanged.</remarks>
    /// <exception cref="InvalidOperationException">The response that the application wants is not valid.</exception>
    public static ConnectionCore Open(UpgradeAttempt attempt, ServerHandshakeOffer offer, WebSocketUpgradeAcceptance acceptance)
    {
        offer = acceptance.Compress ? offer : offer.WithoutCompression();
        ArrayBufferWriter<byte> response = Acceptances ??= new ArrayBufferWriter<byte>();
        response.ResetWrittenCount();
        string? subprotocol = WriteAcceptance(response, attempt, offer, acceptance);
        ConnectionCore connection = Connect(attempt, attempt.Transport, acceptance, subprotocol, offer.PerMessageDeflate);

        // The response enters the queue before other code can send on the connection, and leaves together with what the application
        // sends first.
        connection.Sends.Cork();
        connection.Sends.SendHandshake(response.WrittenSpan);
        return connection;
    }

    /// <summary>Creates the connection over a transport, without a response.</summary>
    public static ConnectionCore Connect(
        UpgradeAttempt attempt, Transport transport, WebSocketUpgradeAcceptance acceptance, string? subprotocol,
        PerMessageDeflateParameters? deflate) =>
        new WebSocketConnection(
            transport, attempt.Settings, acceptance.Handler ?? attempt.GivenHandler ?? attempt.Route.Handler, subprotocol, deflate,
            attempt.OpeningOver(transport))
        {
            UserState = acceptance.UserState,
        }.Core;

    /// <summary>Writes an acceptance.</summary>
    /// <param name="destination">Where to write it.</param>
    /// <param name="attempt">The handshake, with the subprotocol that the server selected.</param>
    /// <param name="offer">What the client offers.</param>
    /// <param name="acceptance">The decision of the application, which may name another subprotocol.</param>
    /// <returns>The subprotocol of the connection.</returns>
    /// <exception cref="InvalidOperationException">The response that the application wants is not valid.</exception>
    public static string? WriteAcceptance(
        ArrayBufferWriter<byte> destination, UpgradeAttempt attempt, in ServerHandshakeOffer offer, WebSocketUpgradeAcceptance acceptance)
    {
        string? subprotocol = acceptance.Subprotocol switch
        {
            null => attempt.Subprotocol,
            "" => null,
            var chosen => chosen,
        };
        HandshakeFault fault =
            ServerResponse.WriteAccept(destination, offer, subprotocol, [], ResponseHeaders.Of(acceptance));
        return fault switch
        {
            HandshakeFault.None => subprotocol,
            HandshakeFault.SubprotocolNotOffered => throw NotOffered(attempt, subprotocol!),
            _ => throw Invalid(attempt, $"the application's response is not valid, {fault}"),
        };
    }

    /// <summary>Notes that the application selected a subprotocol that it must not select (RFC 6455 §4.2.2).</summary>
    /// <returns>The exception for the application.</returns>
    public static InvalidOperationException NotOffered(UpgradeAttempt attempt, string subprotocol) => Invalid(
        attempt, $"the application selected the subprotocol {PeerText.Quote(subprotocol)}, which the client did not offer");

    /// <summary>Sends a rejection, or the response to a plain request.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="response">The response.</param>
    /// <param name="isHead">Whether the request's method is HEAD, so that the response has no body.</param>
    /// <returns>Whether all of it was written; if not, the transport calls <see cref="ITransportSink.OnWritten"/> later.</returns>
    public static bool TrySendFinal(Transport transport, HandshakeRejection response, bool isHead)
    {
        // Not the buffer of the thread: the transport may take long to write it.
        var bytes = new ArrayBufferWriter<byte>();
        ServerResponse.WriteFinal(bytes, response, isHead);
        int written = transport.TryWrite(bytes.WrittenSpan);
        return written == bytes.WrittenCount || transport.Write(bytes.WrittenMemory[written..]);
    }

    private static InvalidOperationException Invalid(UpgradeAttempt attempt, string detail)
    {
        attempt.Detail = detail;
        return new($"The opening handshake cannot be accepted: {detail}.");
    }
}
