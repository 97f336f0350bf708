namespace Sockeye.Tests;

/// <summary>One action or expectation of the peer in a case.</summary>
internal abstract record Step;

/// <summary>The peer sends a frame, or some of its bytes.</summary>
internal sealed record SendStep(RawFrame Frame) : Step
{
    public Place From { get; init; } = Place.Beginning;

    public Place To { get; init; } = Place.End;

    /// <summary>The length of a write when the case runs as written; 0 for all bytes at once.</summary>
    public int ChopLength { get; init; }
}

/// <summary>
/// The peer sends a message, compressed if that was negotiated, in fragments of this many bytes; 0 for one fragment.
/// </summary>
internal sealed record SendCompressedStep(RawFrame Message, int FragmentLength) : Step;

/// <summary>The endpoint must have sent this once the bytes before this step have arrived, without any later ones.</summary>
internal sealed record ExpectStep(PeerEventKind Kind, byte[] Payload) : Step
{
    /// <summary>Whether the payload is compared; a Close frame that the endpoint originates may have any reason.</summary>
    public bool AnyReason { get; init; }
}

/// <summary>The case continues only when everything expected has arrived, and nothing else.</summary>
internal sealed record BarrierStep : Step;

/// <summary>The application at the endpoint under test begins the closing handshake.</summary>
internal sealed record EndpointClosesStep(int CloseCode, string Reason) : Step;

/// <summary>The peer ends its output without a Close frame.</summary>
internal sealed record PeerEndsStep : Step;

/// <summary>A position in the bytes of a frame, counted from its first byte or from the start of its payload.</summary>
internal readonly record struct Place(bool InPayload, int Offset)
{
    public static Place Beginning => new(InPayload: false, 0);

    public static Place End => new(InPayload: true, int.MaxValue);

    public static Place Header(int offset) => new(InPayload: false, offset);

    public static Place Payload(int offset) => new(InPayload: true, offset);

    public int Resolve(int headerLength, int wireLength) =>
        Offset == int.MaxValue ? wireLength : InPayload ? headerLength + Offset : Offset;
}
