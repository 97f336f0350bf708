using System.Buffers.Binary;
using System.Text;

namespace Sockeye.Tests;

/// <summary>The server's end of a connection by HTTP/2 (RFC 9113) that sends what the test wants, right or wrong.</summary>
internal sealed class Http2RawPeer(RawPeer peer) : IDisposable
{
    public const byte Data = 0x0;
    public const byte Headers = 0x1;
    public const byte ResetStream = 0x3;
    public const byte Settings = 0x4;
    public const byte GoAway = 0x7;
    public const byte WindowUpdate = 0x8;
    public const byte Continuation = 0x9;
    public const byte EndStream = 0x1;
    private const byte EndHeaders = 0x4;

    // RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL.
    public const string OffersConnect = "000800000001";

    private const int FrameHeaderLength = 9;

    // RFC 9113 §4.2.
    private const int MaxFrameLength = 16_384;
    private const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    public RawPeer Peer => peer;

    /// <summary>Reads the client's preface (RFC 9113 §3.4).</summary>
    public async Task ReadPrefaceAsync()
    {
        byte[] preface = new byte[Preface.Length];
        await peer.Stream.ReadExactlyAsync(preface).WithDeadline();
        Assert.Equal(Preface, Encoding.ASCII.GetString(preface));
    }

    /// <summary>Reads the client's preface, and sends settings.</summary>
    public async Task BeginAsync(string settings = OffersConnect)
    {
        await ReadPrefaceAsync();
        await SendAsync(Settings, flags: 0, stream: 0, Convert.FromHexString(settings));
    }

    /// <summary>Reads until the client sends a frame of a type.</summary>
    /// <returns>Its flags, stream and payload.</returns>
    public async Task<(byte Flags, int Stream, byte[] Payload)> ReadAsync(byte type)
    {
        while (true)
        {
            byte[] header = new byte[FrameHeaderLength];
            await peer.Stream.ReadExactlyAsync(header).WithDeadline();
            byte[] payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
            await peer.Stream.ReadExactlyAsync(payload).WithDeadline();
            if (header[3] == type)
            {
                return (header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
            }
        }
    }

    /// <summary>Begins, and reads the request.</summary>
    /// <returns>Its stream.</returns>
    public async Task<int> ReadRequestAsync(string settings = OffersConnect)
    {
        await BeginAsync(settings);
        return (await ReadAsync(Headers)).Stream;
    }

    /// <summary>Reads until the client has closed the socket, or reset it.</summary>
    public Task<string> ReadToEndAsync() => peer.ReadToEndAsync();

    public Task SendAsync(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[FrameHeaderLength + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(FrameHeaderLength));
        return peer.SendAsync(frame);
    }

    /// <summary>Answers with header fields, one on each line: <c>name: value</c>.</summary>
    public async Task AnswerAsync(int stream, string fields, bool endStream = false)
    {
        byte[][] pieces = [.. Encode(fields).Chunk(MaxFrameLength)];
        for (int i = 0; i < pieces.Length; i++)
        {
            int flags = (i == 0 && endStream ? EndStream : 0) | (i == pieces.Length - 1 ? EndHeaders : 0);
            await SendAsync(i == 0 ? Headers : Continuation, (byte)flags, stream, pieces[i]);
        }
    }

    /// <summary>Header fields as HPACK has them without any table (RFC 7541 §6.2.2).</summary>
    public static byte[] Encode(string fields)
    {
        List<byte> block = [];
        foreach (string field in fields.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = field.IndexOf(':', 1);
            block.Add(0);
            AddText(block, field[..colon]);
            AddText(block, field[(colon + 1)..].TrimStart());
        }

        return [.. block];
    }

    public void Dispose() => peer.Dispose();

    // RFC 7541 §5.1, §5.2.
    private static void AddText(List<byte> block, string text)
    {
        const int Most = 127;
        int length = text.Length;
        if (length < Most)
        {
            block.Add((byte)length);
        }
        else
        {
            block.Add(Most);
            for (length -= Most; length >= 128; length >>= 7)
            {
                block.Add((byte)(length | 128));
            }

            block.Add((byte)length);
        }

        block.AddRange(Encoding.Latin1.GetBytes(text));
    }
}
