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

    public static RawFrame Text(string text) => Text(Utf8(text));

    public static RawFrame Text(byte[] payload) => new(RawOpcode.Text, payload);

    public static RawFrame Binary(params byte[] payload) => new(RawOpcode.Binary, payload);

    public static RawFrame Continuation(string text) => Continuation(Utf8(text));

    public static RawFrame Continuation(byte[] payload) => new(RawOpcode.Continuation, payload);

    public static RawFrame Ping(string text = "") => Ping(Utf8(text));

    public static RawFrame Ping(byte[] payload) => new(RawOpcode.Ping, payload);

    public static RawFrame Pong(string text = "") => Pong(Utf8(text));

    public static RawFrame Pong(byte[] payload) => new(RawOpcode.Pong, payload);

    public static RawFrame Close() => new(RawOpcode.Close, []);

    public static RawFrame Close(int code, string reason = "") => Close(code, Utf8(reason));

    public static RawFrame Close(int code, byte[] reason) => new(RawOpcode.Close, ClosePayload(code, reason));

    /// <summary>Returns the frame with FIN clear.</summary>
    public static RawFrame Unfinished(this RawFrame frame) => frame with { Fin = false };

    /// <summary>Splits a message into frames of this many bytes of payload; the last one may be shorter.</summary>
    public static IEnumerable<RawFrame> Fragments(RawFrame message, int fragmentLength)
    {
        for (int start = 0; start < message.Payload.Length; start += fragmentLength)
        {
            int end = Math.Min(start + fragmentLength, message.Payload.Length);
            RawOpcode opcode = start == 0 ? message.Opcode : RawOpcode.Continuation;
            yield return new RawFrame(opcode, message.Payload[start..end])
            {
                Fin = end == message.Payload.Length,
            };
        }
    }

    public static Step Send(RawFrame frame) => new SendStep(frame);

    public static IEnumerable<Step> Send(IEnumerable<RawFrame> frames) => frames.Select(Send);

    public static Step SendChopped(RawFrame frame, int chopLength) => new SendStep(frame) { ChopLength = chopLength };

    public static IEnumerable<Step> SendByteByByte(params IEnumerable<RawFrame> frames) =>
        frames.Select(frame => SendChopped(frame, 1));

    /// <summary>Sends only this many bytes of a frame's header.</summary>
    public static Step SendHeader(RawFrame frame, int length) =>
        new SendStep(frame) { To = Place.Header(length) };

    /// <summary>Sends the header and this many bytes of the payload.</summary>
    public static Step SendUntil(RawFrame frame, int payloadEnd) =>
        new SendStep(frame) { To = Place.Payload(payloadEnd) };

    /// <summary>Continues the payload of a frame that <see cref="SendUntil"/> began.</summary>
    public static Step SendMore(RawFrame frame, int payloadStart, int? payloadEnd = null) =>
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
    public static IEnumerable<Step> Echoed(params IEnumerable<RawFrame> frames)
    {
        RawFrame[] message = [.. frames];
        return [.. Send(message), ExpectEchoOf(message)];
    }

    /// <summary>Returns the message that data frames form, skipping control frames.</summary>
    public static Step ExpectEchoOf(IEnumerable<RawFrame> frames)
    {
        RawFrame[] data = [.. frames.Where(frame => !frame.IsControl)];
        byte[] payload = [.. data.SelectMany(frame => frame.Payload)];
        return data[0].Opcode == RawOpcode.Text ? ExpectText(payload) : ExpectBinary(payload);
    }

    private static byte[] ClosePayload(int code, byte[] reason)
    {
        byte[] payload = new byte[sizeof(ushort) + reason.Length];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        reason.CopyTo(payload, sizeof(ushort));
        return payload;
    }
}
