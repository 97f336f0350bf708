using System.Buffers;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>Answers an opening handshake: with a connection, or a refusal (RFC 6455 §4.2.2).</summary>
internal static class UpgradeAnswer
{
    // For the responses of a thread, one after the other.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? Response;

    /// <summary>Makes the connection; nobody knows of it yet.</summary>
    /// <param name="transport">Its transport, which it takes over.</param>
    /// <param name="offer">What the client asked for.</param>
    /// <param name="agreed">What the handshake comes to.</param>
    /// <param name="acceptance">What the application says about it.</param>
    /// <returns>The connection, whose send side is corked, with the answer in it.</returns>
    /// <remarks>Throws what the application throws; the transport then is as it was.</remarks>
    /// <exception cref="InvalidOperationException">What the application wants cannot be answered.</exception>
    public static ConnectionCore Open(
        Transport transport, ServerHandshakeOffer offer, AgreedUpgrade agreed, WebSocketUpgradeAcceptance acceptance)
    {
        WebSocketHandler? handler = acceptance.Handler ?? agreed.Route.Handler;
        offer = acceptance.Compress ? offer : offer.WithoutCompression();
        ArrayBufferWriter<byte> response = Response ??= new ArrayBufferWriter<byte>();
        response.ResetWrittenCount();
        string? subprotocol = Write(response, offer, agreed, acceptance);
        var connection = new WebSocketConnection(
            transport, agreed.Settings, handler, subprotocol, offer.PerMessageDeflate, agreed.PackedHead)
        {
            UserState = acceptance.UserState,
        };

        // The response is the first thing in the connection's queue before anybody knows of the connection, who could send
        // to it; and it leaves together with what the application sends first.
        connection.Core.Sends.Cork();
        connection.Core.Sends.SendHandshake(response.WrittenSpan);
        return connection.Core;
    }

    /// <summary>Writes an acceptance.</summary>
    /// <returns>The subprotocol of the connection.</returns>
    /// <exception cref="InvalidOperationException">What the application wants cannot be answered.</exception>
    public static string? Write(
        ArrayBufferWriter<byte> destination, in ServerHandshakeOffer offer, in AgreedUpgrade agreed,
        WebSocketUpgradeAcceptance acceptance)
    {
        string? subprotocol = acceptance.Subprotocol switch
        {
            null => agreed.Subprotocol,
            "" => null,
            var chosen => chosen,
        };
        HandshakeFault fault =
            ServerResponse.WriteAccept(destination, offer, subprotocol, [], ResponseHeaders.Of(acceptance));
        return fault == HandshakeFault.None
            ? subprotocol
            : throw new InvalidOperationException($"The opening handshake cannot be answered so: {fault}.");
    }

    /// <summary>Writes a refusal, or the response to a plain request.</summary>
    /// <returns>Whether all of it is written; else the transport tells when it is.</returns>
    public static bool TryRefuse(Transport transport, HandshakeRejection rejection, bool isHead)
    {
        // Not the thread's: the transport may be writing it for long.
        var response = new ArrayBufferWriter<byte>();
        ServerResponse.WriteFinal(response, rejection, isHead);
        int taken = transport.TryWrite(response.WrittenSpan);
        return taken == response.WrittenCount || transport.Write(response.WrittenMemory[taken..]);
    }
}
