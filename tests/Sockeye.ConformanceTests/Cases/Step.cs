namespace Sockeye.Tests;

/// <summary>One thing that the peer of a case does, or that it waits for.</summary>
internal abstract record Step;

/// <summary>The peer sends a frame, or some of its bytes.</summary>
internal sealed record SendStep(PeerFrame Frame) : Step
{
    public Place From { get; init; } = Place.Beginning;

    public Place To { get; init; } = Place.End;

    /// <summary>How many bytes go into one write when the case is run as it is written; 0 for all of them.</summary>
    public int ChopLength { get; init; }
}

/// <summary>
/// The peer sends a message, compressed if that was agreed on, and then cut into fragments of so many bytes; 0 for one.
/// </summary>
internal sealed record SendCompressedStep(PeerFrame Message, int FragmentLength) : Step;

/// <summary>
/// The endpoint must have said this by now: once the bytes before this step have arrived, without any after.
/// </summary>
internal sealed record ExpectStep(PeerEventKind Kind, byte[] Payload) : Step
{
    /// <summary>
    /// Whether the payload is compared; a Close frame of the endpoint's own making may have any reason.
    /// </summary>
    public bool AnyReason { get; init; }
}

/// <summary>Everything expected has arrived, and nothing else; only then does the case go on.</summary>
internal sealed record BarrierStep : Step;

/// <summary>The application at the endpoint under test begins the closing handshake.</summary>
internal sealed record EndpointClosesStep(int CloseCode, string Reason) : Step;

/// <summary>The peer ends its side of the transport, without more ado.</summary>
internal sealed record PeerEndsStep : Step;

/// <summary>A place in the bytes of a frame, counted from its first byte or from the first of its payload.</summary>
internal readonly record struct Place(bool InPayload, int Offset)
{
    public static Place Beginning => new(InPayload: false, 0);

    public static Place End => new(InPayload: true, int.MaxValue);

    public static Place Header(int offset) => new(InPayload: false, offset);

    public static Place Payload(int offset) => new(InPayload: true, offset);

    public int Resolve(int headerLength, int wireLength) =>
        Offset == int.MaxValue ? wireLength : InPayload ? headerLength + Offset : Offset;
}
