using System.Buffers;
using System.Runtime.InteropServices;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>
/// A frame on its way out: the contents of its first byte, its payload, and its sender. A client masks it, a server does
/// not (RFC 6455 §5.1).
/// </summary>
/// <remarks>
/// The payload is in <see cref="Payload"/>, or in a span beside the frame if the sender never waits. 40 bytes: a frame is
/// built for each message, so a field more is measurable.
/// </remarks>
internal readonly struct OutgoingFrame
{
    /// <summary>
    /// A payload up to this length, in bytes, fits with all headers into one array, however short its fragments are
    /// (<see cref="WebSocketConnectionOptions.FragmentLength"/>).
    /// </summary>
    public const int AlwaysValidLength = 1 << 30;

    private const int ReservedShift = 5;

    // The Writer if the frame has one; otherwise the shared bytes (a byte[]), or the message that many connections send (a
    // WebSocketPreparedMessage). No frame has two of them.
    private readonly object? _origin;
    private readonly Marks _marks;

    /// <summary>Makes an uncompressed whole message, a fragment, or a control frame.</summary>
    /// <param name="opcode">What the frame carries.</param>
    /// <param name="payload">The payload, if the frame may have to wait. It is not copied meanwhile.</param>
    /// <param name="fin">Whether the frame ends its message (RFC 6455 §5.2).</param>
    public OutgoingFrame(Opcode opcode, ReadOnlyMemory<byte> payload = default, bool fin = true)
    {
        Opcode = opcode;
        Payload = payload;
        _marks = fin ? Marks.Fin : Marks.None;
    }

    private OutgoingFrame(in OutgoingFrame frame, object? origin, Marks marks)
    {
        this = frame;
        _origin = origin;
        _marks = marks;
    }

    [Flags]
    private enum Marks : byte
    {
        None = 0,
        Fin = 1,
        HasWriter = 2,
        Raw = 4,
        Rented = 8,
        Turn = 16,

        // In this order, so that a shift makes reserved bits of them.
        Rsv3 = 1 << ReservedShift,
        Rsv2 = 2 << ReservedShift,
        Compressed = FrameHeader.Rsv1 << ReservedShift,
        Reserved = Rsv3 | Rsv2 | Compressed,
    }

    /// <summary>Bytes that are not a frame and are sent as they are: the end of the opening handshake.</summary>
    public static OutgoingFrame Raw { get; } = new(default, origin: null, Marks.Raw);

    /// <summary>What the frame carries.</summary>
    public Opcode Opcode { get; }

    /// <summary>The payload.</summary>
    public ReadOnlyMemory<byte> Payload { get; private init; }

    /// <summary>
    /// How many bytes shorter the payload is than it was before compression; 0 if it is not compressed. A fragment can be longer.
    /// </summary>
    public int SavedLength { get; init; }

    /// <summary>
    /// Compresses the message when it is its turn (RFC 7692); <see langword="null"/> if the frame is sent as it is.
    /// </summary>
    public IFrameEncoder? Encoder { get; init; }

    /// <summary>
    /// The writer of the fragmented message that this frame belongs to, or the sender that makes the frame in its turn. No
    /// other sender may send data between this frame and the end of its message.
    /// </summary>
    public object? Writer
    {
        get => (_marks & Marks.HasWriter) != 0 ? _origin : null;
        init
        {
            _origin = value;
            _marks = value is null ? _marks & ~Marks.HasWriter : _marks | Marks.HasWriter;
        }
    }

    /// <summary>Whether the frame ends its message.</summary>
    public bool Fin => (_marks & Marks.Fin) != 0;

    /// <summary>Whether the frame begins a compressed message: RSV1 (RFC 7692 §6).</summary>
    public bool IsCompressed
    {
        get => (_marks & Marks.Compressed) != 0;
        init => _marks = value ? _marks | Marks.Compressed : _marks & ~Marks.Compressed;
    }

    /// <summary>The reserved bits, as they are in the first byte of the header (RFC 6455 §5.2). RSV1 marks a compressed message.</summary>
    public byte ReservedBits
    {
        get => (byte)((byte)_marks >> ReservedShift);
        init => _marks = (_marks & ~Marks.Reserved) | (Marks)(byte)(value << ReservedShift);
    }

    /// <summary>Whether the payload is at the start of a rented array, returned once the frame is sent or dropped.</summary>
    public bool IsRented
    {
        get => (_marks & Marks.Rented) != 0;
        init => _marks = value ? _marks | Marks.Rented : _marks & ~Marks.Rented;
    }

    /// <summary>Whether this stands for the turn only, in which its sender makes the frame.</summary>
    public bool IsTurn => (_marks & Marks.Turn) != 0;

    /// <summary>Whether the bytes are sent as they are: see <see cref="Raw"/>.</summary>
    public bool IsRaw => (_marks & Marks.Raw) != 0;

    /// <summary>Whether this is a control frame (RFC 6455 §5.5).</summary>
    public bool IsControl => Opcode >= Opcode.Close;

    /// <summary>The complete frame as any server sends it, if many connections send it. Never written to, and not rented.</summary>
    public byte[]? Shared => Writer is null ? _origin as byte[] : null;

    /// <summary>The message to be compressed once for many connections; only with an <see cref="Encoder"/>.</summary>
    public WebSocketPreparedMessage? Prepared => Writer is null ? _origin as WebSocketPreparedMessage : null;

    /// <summary>Makes a frame for any number of connections. The payload is copied.</summary>
    public static OutgoingFrame Share(OutgoingFrame frame, ReadOnlySpan<byte> payload)
    {
        // §5.1: "A server MUST NOT mask any frames", so the bytes are the same for every connection.
        byte[] bytes = GC.AllocateUninitializedArray<byte>(LengthOf(payload.Length, Role.Server));
        frame.Write(bytes, Role.Server, payload);
        ReadOnlyMemory<byte> copy = bytes.AsMemory(bytes.Length - payload.Length);
        return new(new OutgoingFrame(frame.Opcode, copy), bytes, frame._marks);
    }

    /// <summary>Makes a frame of a message that an encoder compresses once for many connections.</summary>
    public static OutgoingFrame Prepare(WebSocketPreparedMessage message, IFrameEncoder encoder) =>
        new(message.Plain, message, message.Plain._marks) { Encoder = encoder };

    /// <summary>Returns the opcode of a message's first frame (RFC 6455 §5.6).</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The kind is neither text nor binary: a cast number, or a message that was never received. Sent as an opcode it
    /// could be a continuation or a Close frame.
    /// </exception>
    public static Opcode OpcodeOf(WebSocketMessageKind kind) =>
        kind is WebSocketMessageKind.Text or WebSocketMessageKind.Binary
            ? (Opcode)kind
            : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Must be Text or Binary.");

    /// <summary>Returns the length in bytes of a frame with a payload of this length.</summary>
    public static int LengthOf(int payloadLength, Role role) =>
        checked(FrameHeader.LengthOf(payloadLength, masked: role == Role.Client) + payloadLength);

    /// <summary>Returns the length in bytes of this frame with a payload of that length.</summary>
    public int LengthWith(int payloadLength, FrameForm form) =>
        (_marks & Marks.Raw) != 0 ? payloadLength
        : payloadLength <= form.MaxPayloadLength ? LengthOf(payloadLength, form.Role)
        : LengthInFragments(payloadLength, form);

    /// <summary>Checks that a payload fits with all headers into one array, since a message is buffered in one.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    public static void CheckLength(int payloadLength, FrameForm form)
    {
        int fragments = 1 + Math.Max((payloadLength - 1) / form.MaxPayloadLength, 0);
        int header = FrameHeader.LengthOf(Math.Min(payloadLength, form.MaxPayloadLength), masked: form.Role == Role.Client);
        long length = payloadLength + ((long)fragments * header);
        if (length > Array.MaxLength)
        {
            throw new ArgumentException(
                $"The message of {payloadLength} bytes is too long: its frames need {length} bytes with their headers, and "
                + $"{Array.MaxLength} is the most that one send can take. Send it in parts (BeginMessage), or with a longer FragmentLength.");
        }
    }

    /// <summary>Returns the whole frame, if it has the form in which this end sends it without a copy.</summary>
    public byte[]? SharedBy(FrameForm form) =>
        _origin is not null && form.Role == Role.Server && Payload.Length <= form.MaxPayloadLength ? Shared : null;

    /// <summary>Returns the turn that a sender needs before it can make this frame.</summary>
    public OutgoingFrame TurnOf(object writer) =>
        new(new OutgoingFrame(Opcode, default), writer, (_marks & Marks.Fin) | Marks.Turn | Marks.HasWriter);

    /// <summary>Returns this frame after compression: with the same sender, and a payload beside it.</summary>
    /// <param name="isCompressed">See <see cref="IsCompressed"/>.</param>
    /// <param name="savedLength">See <see cref="SavedLength"/>.</param>
    public OutgoingFrame Made(bool isCompressed, int savedLength) =>
        new(new OutgoingFrame(Opcode, default), Writer, _marks & (Marks.Fin | Marks.HasWriter))
        {
            IsCompressed = isCompressed,
            SavedLength = savedLength,
        };

    /// <summary>Returns this frame with a copy of its payload, in a rented array.</summary>
    public OutgoingFrame Copy(ReadOnlySpan<byte> payload, ArrayPool<byte> pool)
    {
        byte[] copy = pool.Rent(payload.Length);
        payload.CopyTo(copy);
        return this with { Payload = copy.AsMemory(0, payload.Length), IsRented = true };
    }

    /// <summary>Writes the frame, or fragments of it if it is longer than a frame may be. The payload is only read.</summary>
    /// <param name="destination">At least <see cref="LengthWith"/> bytes.</param>
    /// <param name="form">Which end this is, and how long a payload may be.</param>
    /// <param name="payload">The payload.</param>
    /// <returns>The number of bytes written.</returns>
    public int Write(Span<byte> destination, FrameForm form, ReadOnlySpan<byte> payload) =>
        payload.Length <= form.MaxPayloadLength || (_marks & Marks.Raw) != 0
            ? WriteWhole(destination, form.Role, payload)
            : WriteFragments(destination, form, payload);

    /// <summary>Writes the frame's header, if it has one.</summary>
    /// <returns>The number of bytes written.</returns>
    public int WriteHeader(Span<byte> destination, uint? maskingKey, int payloadLength) =>
        (_marks & Marks.Raw) != 0
            ? 0
            : FrameHeader.Write(
                destination, Fin, ReservedBits, Opcode, maskingKey, payloadLength);

    /// <summary>Returns the payload's array to the pool, if it is rented.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (IsRented)
        {
            ReturnTo(pool);
        }
    }

    private static int LengthInFragments(int payloadLength, FrameForm form)
    {
        int count = (payloadLength - 1) / form.MaxPayloadLength;
        int last = payloadLength - (count * form.MaxPayloadLength);
        return checked((count * LengthOf(form.MaxPayloadLength, form.Role)) + LengthOf(last, form.Role));
    }

    private int WriteWhole(Span<byte> destination, Role role, ReadOnlySpan<byte> payload)
    {
        if (role == Role.Server || (_marks & Marks.Raw) != 0)
        {
            int length = WriteHeader(destination, maskingKey: null, payload.Length);
            payload.CopyTo(destination[length..]);
            return length + payload.Length;
        }

        uint key = MaskingKeySource.Next();
        int headerLength = WriteHeader(destination, key, payload.Length);
        Masking.Apply(payload, destination.Slice(headerLength, payload.Length), key);
        return headerLength + payload.Length;
    }

    // RFC 6455 §5.4: the first fragment has the opcode and the reserved bits, and only the last may have FIN.
    private int WriteFragments(Span<byte> destination, FrameForm form, ReadOnlySpan<byte> payload)
    {
        OutgoingFrame fragment = new(this, origin: null, _marks & ~Marks.Fin);
        int length = 0;
        while (payload.Length > form.MaxPayloadLength)
        {
            length += fragment.WriteWhole(destination[length..], form.Role, payload[..form.MaxPayloadLength]);
            payload = payload[form.MaxPayloadLength..];
            fragment = new OutgoingFrame(Opcode.Continuation, default, fin: false);
        }

        return length + new OutgoingFrame(Opcode.Continuation, default, Fin).WriteWhole(destination[length..], form.Role, payload);
    }

    private void ReturnTo(ArrayPool<byte> pool)
    {
        if (MemoryMarshal.TryGetArray(Payload, out ArraySegment<byte> rented))
        {
            pool.Return(rented.Array!);
        }
    }

    /// <summary>Makes an uncompressed whole message, or a control frame.</summary>
    public static implicit operator OutgoingFrame(Opcode opcode) => new(opcode);
}
