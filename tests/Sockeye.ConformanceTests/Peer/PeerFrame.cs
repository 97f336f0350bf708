namespace Sockeye.Tests;

/// <summary>The form in which the length of a frame is written: the shortest, or one of the extended forms.</summary>
internal enum LengthForm
{
    Minimal,
    Extended16,
    Extended64,
}

/// <summary>A frame as the test peer sees it, valid or not. Independent of the code under test.</summary>
internal sealed record PeerFrame(int Opcode, byte[] Payload)
{
    public const int Continuation = 0x0;
    public const int Text = 0x1;
    public const int Binary = 0x2;
    public const int Close = 0x8;
    public const int Ping = 0x9;
    public const int Pong = 0xA;

    /// <summary>The reserved bit that marks a compressed message (RFC 7692 §6).</summary>
    public const int Rsv1 = 4;

    public bool Fin { get; init; } = true;

    /// <summary>RSV1 is 4, RSV2 is 2, RSV3 is 1.</summary>
    public int ReservedBits { get; init; }

    public LengthForm LengthForm { get; init; }

    /// <summary>The declared length, if it differs from that of the payload.</summary>
    public ulong? ClaimedLength { get; init; }

    /// <summary>Whether to violate the masking rule: masked by a server, or unmasked by a client.</summary>
    public bool WrongMasking { get; init; }

    /// <summary>The four bytes of the masking key, if it should not be random.</summary>
    public byte[]? MaskingKey { get; init; }

    public bool IsControl => Opcode >= Close;
}
