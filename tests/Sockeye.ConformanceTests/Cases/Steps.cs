using System.Buffers.Binary;
using System.Text;

namespace Sockeye.Tests;

/// <summary>The vocabulary in which cases are written.</summary>
internal static class Steps
{
    /// <summary>The short text that many cases send.</summary>
    public const string Hello = "Hello, world!";

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Returns a pattern, repeated up to a length in bytes.</summary>
    public static byte[] Repeat(string pattern, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)pattern[i % pattern.Length];
        }

        return bytes;
    }

    public static PeerFrame Text(string text) => Text(Utf8(text));

    public static PeerFrame Text(byte[] payload) => new(PeerFrame.Text, payload);

    public static PeerFrame Binary(params byte[] payload) => new(PeerFrame.Binary, payload);

    public static PeerFrame Continuation(string text) => Continuation(Utf8(text));

    public static PeerFrame Continuation(byte[] payload) => new(PeerFrame.Continuation, payload);

    public static PeerFrame Ping(string text = "") => Ping(Utf8(text));

    public static PeerFrame Ping(byte[] payload) => new(PeerFrame.Ping, payload);

    public static PeerFrame Pong(string text = "") => Pong(Utf8(text));

    public static PeerFrame Pong(byte[] payload) => new(PeerFrame.Pong, payload);

    public static PeerFrame Close() => new(PeerFrame.Close, []);

    public static PeerFrame Close(int code, string reason = "") => Close(code, Utf8(reason));

    public static PeerFrame Close(int code, byte[] reason) => new(PeerFrame.Close, ClosePayload(code, reason));

    /// <summary>Returns the frame with FIN clear.</summary>
    public static PeerFrame Unfinished(this PeerFrame frame) => frame with { Fin = false };

    /// <summary>Splits a message into frames of this many bytes of payload; the last one may be shorter.</summary>
    public static IEnumerable<PeerFrame> Fragments(PeerFrame message, int fragmentLength)
    {
        for (int start = 0; start < message.Payload.Length; start += fragmentLength)
        {
            int end = Math.Min(start + fragmentLength, message.Payload.Length);
            int opcode = start == 0 ? message.Opcode : PeerFrame.Continuation;
            yield return new PeerFrame(opcode, message.Payload[start..end])
            {
                Fin = end == message.Payload.Length,
            };
        }
    }

    public static Step Send(PeerFrame frame) => new SendStep(frame);

    public static IEnumerable<Step> Send(IEnumerable<PeerFrame> frames) => frames.Select(Send);

    public static Step SendChopped(PeerFrame frame, int chopLength) => new SendStep(frame) { ChopLength = chopLength };

    public static IEnumerable<Step> SendByteByByte(params IEnumerable<PeerFrame> frames) =>
        frames.Select(frame => SendChopped(frame, 1));

    /// <summary>Sends only this many bytes of a frame's header.</summary>
    public static Step SendHeader(PeerFrame frame, int length) =>
        new SendStep(frame) { To = Place.Header(length) };

    /// <summary>Sends the header and this many bytes of the payload.</summary>
    public static Step SendUntil(PeerFrame frame, int payloadEnd) =>
        new SendStep(frame) { To = Place.Payload(payloadEnd) };

    /// <summary>Continues the payload of a frame that <see cref="SendUntil"/> began.</summary>
    public static Step SendMore(PeerFrame frame, int payloadStart, int? payloadEnd = null) =>
        new SendStep(frame)
        {
            From = Place.Payload(payloadStart),
            To = payloadEnd is null ? Place.End : Place.Payload(payloadEnd.Value),
        };

    public static Step ExpectText(string text) => ExpectText(Utf8(text));

    public static Step ExpectText(byte[] payload) => new ExpectStep(PeerEventKind.TextMessage, payload);

    public static Step ExpectBinary(byte[] payload) => new ExpectStep(PeerEventKind.BinaryMessage, payload);

    public static Step ExpectPong(string text = "") => ExpectPong(Utf8(text));

    public static Step ExpectPong(byte[] payload) => new ExpectStep(PeerEventKind.Pong, payload);

    /// <summary>Expects a Close frame with this code, and any reason.</summary>
    public static Step ExpectClose(int code) =>
        new ExpectStep(PeerEventKind.Close, ClosePayload(code, [])) { AnyReason = true };

    /// <summary>Expects a Close frame without a code.</summary>
    public static Step ExpectCloseWithoutCode() => new ExpectStep(PeerEventKind.Close, []);

    /// <summary>The case continues only when everything expected has arrived, and nothing else.</summary>
    public static Step Wait() => new BarrierStep();

    public static Step EndpointCloses(int code, string reason = "") => new EndpointClosesStep(code, reason);

    public static Step PeerEnds() => new PeerEndsStep();

    /// <summary>Sends the frames of one message, and expects its echo.</summary>
    public static IEnumerable<Step> Echoed(params IEnumerable<PeerFrame> frames)
    {
        PeerFrame[] message = [.. frames];
        return [.. Send(message), ExpectEchoOf(message)];
    }

    /// <summary>Returns the message that data frames form, skipping control frames.</summary>
    public static Step ExpectEchoOf(IEnumerable<PeerFrame> frames)
    {
        PeerFrame[] data = [.. frames.Where(frame => !frame.IsControl)];
        byte[] payload = [.. data.SelectMany(frame => frame.Payload)];
        return data[0].Opcode == PeerFrame.Text ? ExpectText(payload) : ExpectBinary(payload);
    }

    private static byte[] ClosePayload(int code, byte[] reason)
    {
        byte[] payload = new byte[sizeof(ushort) + reason.Length];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        reason.CopyTo(payload, sizeof(ushort));
        return payload;
    }
}
