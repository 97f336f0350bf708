using System.Buffers;

namespace Sockeye.Tests;

/// <summary>Bytes that the peer may send at once, and what must have been returned after how many of them.</summary>
/// <param name="Wire">All bytes of the burst.</param>
/// <param name="WriteEnds">The ends of the writes when the case runs as written.</param>
/// <param name="Expected">The expected events in order, each with the number of bytes that suffices to cause it.</param>
/// <param name="Then">
/// The step that ends the burst: a barrier, or a step other than sending; <see langword="null"/> at the end of the case.
/// </param>
internal sealed record Burst(
    byte[] Wire, IReadOnlyList<int> WriteEnds, IReadOnlyList<(int Due, ExpectStep Step)> Expected, Step? Then);

/// <summary>A case, as the bytes of a peer in one role.</summary>
internal sealed class CaseScript
{
    private const int NoStatusReceived = 1005;

    private static readonly RawFrame FinalClose = Steps.Close(1000);

    private readonly RawFrameWriter _writer;
    private readonly bool _peerIsClient;
    private readonly PeerDeflater? _deflater;
    private readonly Dictionary<RawFrame, (byte[] Wire, int HeaderLength)> _begun =
        new(ReferenceEqualityComparer.Instance);

    private readonly List<Burst> _bursts = [];
    private RawFrame? _peersClose;
    private ExpectStep? _endpointsClose;
    private bool _endpointBegins;
    private readonly ArrayBufferWriter<byte> _wire = new();
    private List<int> _writeEnds = [];
    private List<(int Due, ExpectStep Step)> _expected = [];

    public CaseScript(ConformanceCase conformanceCase, bool peerIsClient, AgreedCompression? compression = null)
    {
        _peerIsClient = peerIsClient;
        _deflater = compression?.Peer.CreateDeflater(peerIsClient);
        Compression = compression;
        IsExchange = conformanceCase.Deflate is not null;
        _writer = new RawFrameWriter(peerIsClient, SeedOf(conformanceCase.Id));
        foreach (Step step in conformanceCase.Steps)
        {
            Add(step);
        }

        if (!EndpointCloses && !PeerEnds)
        {
            Add(Steps.Send(FinalClose));
            Add(Steps.ExpectClose(1000));
        }

        EndBurst(then: null);
        WireLength = _bursts.Sum(burst => (long)burst.Wire.Length);
        int? closeCode = CodeOf(EndsCleanly ? _peersClose?.Payload : _endpointsClose?.Payload);
        Result = conformanceCase.Result ?? new ExpectedResult(closeCode ?? NoStatusReceived, EndsCleanly);
    }

    /// <summary>The negotiated compression; <see langword="null"/> for none.</summary>
    public AgreedCompression? Compression { get; }

    /// <summary>Whether it consists of consecutive messages, each of which waits for the echo of the one before.</summary>
    public bool IsExchange { get; }

    public IReadOnlyList<Burst> Bursts => _bursts;

    public long WireLength { get; }

    /// <summary>The messages that the application must receive, in order; no more and no fewer.</summary>
    public IEnumerable<ExpectStep> Messages => _bursts.SelectMany(burst => burst.Expected)
        .Select(expected => expected.Step)
        .Where(step => step.Kind is PeerEventKind.TextMessage or PeerEventKind.BinaryMessage);

    /// <summary>Whether a Close frame of the endpoint ends the case.</summary>
    public bool EndpointCloses { get; private set; }

    /// <summary>
    /// Whether a closing handshake ends the case, whichever end begins it; not if the endpoint fails the connection.
    /// </summary>
    public bool EndsCleanly { get; private set; }

    /// <summary>
    /// The end that the application must see: the peer's close code after a closing handshake, the endpoint's own if it failed
    /// the connection, unless the case specifies another one.
    /// </summary>
    public ExpectedResult Result { get; }

    /// <summary>Whether the peer ends its direction of the transport before the case is complete.</summary>
    public bool PeerEnds { get; private set; }

    /// <summary>Creates the codec that inflates the endpoint's messages in one run of the case.</summary>
    public PeerInflater? CreateInflater() => Compression?.Peer.CreateInflater(_peerIsClient);

    private void Add(Step step)
    {
        switch (step)
        {
            case SendStep send:
                Send(send);
                break;
            case SendCompressedStep send:
                Send(send);
                break;
            case ExpectStep expect:
                _expected.Add((_wire.WrittenCount, expect));
                if (expect.Kind == PeerEventKind.Close)
                {
                    EndpointCloses = true;
                    _endpointsClose = expect;
                    EndsCleanly |= _peersClose is not null && Oracle.IsClosePayload(_peersClose.Payload)
                        && (_endpointBegins || CodeOf(_peersClose.Payload) == CodeOf(expect.Payload));
                }

                break;
            default:
                PeerEnds |= step is PeerEndsStep;
                _endpointBegins |= step is EndpointClosesStep;
                EndBurst(step);
                break;
        }
    }

    private void Send(SendStep send)
    {
        // A frame that is sent in parts has one masking key.
        if (!_begun.TryGetValue(send.Frame, out (byte[] Wire, int HeaderLength) frame) || send.From == Place.Beginning)
        {
            frame = (_writer.Write(send.Frame, out int headerLength), headerLength);
            if (send.To != Place.End)
            {
                _begun[send.Frame] = frame;
            }
        }

        int start = send.From.Resolve(frame.HeaderLength, frame.Wire.Length);
        int end = send.To.Resolve(frame.HeaderLength, frame.Wire.Length);
        int chop = send.ChopLength == 0 ? end - start : send.ChopLength;
        for (int next = start; next < end; next += chop)
        {
            _wire.Write(frame.Wire.AsSpan(next, Math.Min(chop, end - next)));
            _writeEnds.Add(_wire.WrittenCount);
        }

        if (send.Frame.Opcode == RawOpcode.Close)
        {
            _peersClose ??= send.Frame;
            EndsCleanly |= _endpointBegins && Oracle.IsClosePayload(send.Frame.Payload);
        }
    }

    private void Send(SendCompressedStep send)
    {
        RawFrame message = _deflater is null
            ? send.Message
            : send.Message with { Payload = _deflater.Deflate(send.Message.Payload) };
        int length = send.FragmentLength == 0 ? message.Payload.Length : send.FragmentLength;
        foreach (RawFrame fragment in Steps.Fragments(message, length))
        {
            bool hasRsv1 = _deflater is not null && fragment.Opcode != RawOpcode.Continuation;
            Send(new SendStep(fragment with { ReservedBits = hasRsv1 ? RawFrame.Rsv1 : 0 }));
        }
    }

    private void EndBurst(Step? then)
    {
        _bursts.Add(new Burst(_wire.WrittenSpan.ToArray(), _writeEnds, _expected, then));
        _wire.ResetWrittenCount();
        (_writeEnds, _expected) = ([], []);
    }

    private static int? CodeOf(byte[]? closePayload) =>
        closePayload is null || closePayload.Length < 2 ? null : (closePayload[0] << 8) | closePayload[1];

    // string.GetHashCode differs from run to run, and a failure must be reproducible.
    private static int SeedOf(string id) => id.Aggregate(6455, (seed, character) => unchecked((seed * 31) + character));
}
