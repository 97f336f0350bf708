using Xunit.Sdk;

namespace Sockeye.Tests;

/// <summary>Runs a case over one transport, in one role, under all segmentations that make sense there.</summary>
internal static class CaseRuns
{
    // Up to here a case is run once for every place where it can be cut in two.
    private const int MaxLengthCutEverywhere = 600;

    // A connection of its own for every cut is cheap in memory, and a few hundred microseconds over a socket, which may
    // join what was cut: a cut there is a hint, and a stride of them is enough.
    private const int MaxCutCountOverSocket = 8;

    // A write per byte costs a system call and a context switch over a socket.
    private const int MaxLengthByteByByte = 70_000;
    private const int MaxLengthByteByByteOverSocket = 600;

    // A prime, so that it falls on nothing in particular: for what is too long to be sent byte by byte.
    private const int OddChopLength = 1_021;

    // Over sockets what is longer than this is sent as it is written and in no other way: in memory all ways are tried,
    // at full length.
    private const int MaxLengthOfAllWaysOverSocket = 200_000;

    public static IEnumerable<Segmentation> Segmentations(CaseScript script, TestedTransport transport, TestedFace face)
    {
        if (face == TestedFace.Pull)
        {
            return PullSegmentations(script);
        }

        return Segmentations(script, transport);
    }

    private static IEnumerable<Segmentation> PullSegmentations(CaseScript script)
    {
        yield return new Segmentation.AsWritten();
        if (script.WireLength <= MaxLengthCutEverywhere)
        {
            yield return new Segmentation.Chopped(1);
        }

        // A Close frame, or a violation, that comes together with messages is answered after the messages.
        yield return new Segmentation.Coalesced();
    }

    private static IEnumerable<Segmentation> Segmentations(CaseScript script, TestedTransport transport)
    {
        if (script.IsExchange)
        {
            // There is nothing to be coalesced, and enough to be cut.
            yield return new Segmentation.AsWritten();
            if (transport == TestedTransport.InMemory)
            {
                yield return new Segmentation.Chopped(OddChopLength);
            }

            yield break;
        }

        bool overSocket = transport is TestedTransport.Socket or TestedTransport.Tls or TestedTransport.EventLoop;

        yield return new Segmentation.AsWritten();
        if (overSocket && script.WireLength > MaxLengthOfAllWaysOverSocket)
        {
            yield break;
        }

        yield return new Segmentation.Coalesced();
        int byteByByteLimit = overSocket ? MaxLengthByteByByteOverSocket : MaxLengthByteByByte;
        yield return new Segmentation.Chopped(script.WireLength <= byteByByteLimit ? 1 : OddChopLength);

        if (script.WireLength <= MaxLengthCutEverywhere)
        {
            long stride = overSocket ? 1 + (script.WireLength / MaxCutCountOverSocket) : 1;
            for (long offset = 1; offset < script.WireLength; offset += stride)
            {
                yield return new Segmentation.CutAt(offset);
            }
        }
    }

    /// <summary>The rows of a theory: every case in both roles.</summary>
    public static IEnumerable<TheoryDataRow<string, TestedRole>> Rows(IEnumerable<ConformanceCase> cases) =>
        from conformanceCase in cases
        from role in Enum.GetValues<TestedRole>()
        select new TheoryDataRow<string, TestedRole>(conformanceCase.Id, role)
        {
            TestDisplayName = $"{conformanceCase.Id} as {role}: {conformanceCase.Description}",
        };

    public static async Task RunAsync(
        string id, TestedRole role, TestedTransport transport, TestedFace face = TestedFace.Handler)
    {
        ConformanceCase conformanceCase = CaseCatalogue.Get(id);
        AgreedCompression? compression =
            conformanceCase.Deflate is { } deflate ? AgreedCompression.Negotiate(deflate, role) : null;
        Assert.Equal(
            conformanceCase.Deflate is null || (conformanceCase.Deflate.ServerDeclines && role == TestedRole.Server),
            compression is null);
        CaseScript script = new(conformanceCase, peerIsClient: role == TestedRole.Server, compression);
        foreach (Segmentation segmentation in Segmentations(script, transport, face))
        {
            await using EndpointUnderTest endpoint =
                await Endpoints.CreateAsync(transport, role, conformanceCase.MaxMessageLength, face, compression);
            try
            {
                await new CaseRunner(script, endpoint, role).RunAsync(segmentation);
            }
            catch (Exception exception)
            {
                throw new XunitException(
                    $"{conformanceCase}, as {role} over {transport}, {face} face, {segmentation}: {exception.Message}",
                    exception);
            }
        }
    }
}
