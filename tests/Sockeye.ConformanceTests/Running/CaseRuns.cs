using Xunit.Sdk;

namespace Sockeye.Tests;

/// <summary>Runs a case over one transport, in one role, under all applicable segmentations.</summary>
internal static class CaseRuns
{
    // Up to this length, a case is run once for every position at which it can be split.
    private const int MaxLengthCutEverywhere = 600;

    // A new connection for every split is cheap in memory, and takes a few hundred microseconds over a socket, which may join
    // what was split. A split is only a hint there, so that some of the positions suffice.
    private const int MaxCutCountOverSocket = 8;

    // Over a socket, a write per byte costs a system call and a context switch.
    private const int MaxLengthByteByByte = 70_000;
    private const int MaxLengthByteByByteOverSocket = 600;

    // A prime, so that it coincides with no boundary; for cases that are too long to be sent byte by byte.
    private const int OddChopLength = 1_021;

    // Over sockets, longer cases are sent only as written; in memory, all segmentations are tried at full length.
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

        // A Close frame or a violation that arrives together with messages is handled after the messages.
        yield return new Segmentation.Coalesced();
    }

    private static IEnumerable<Segmentation> Segmentations(CaseScript script, TestedTransport transport)
    {
        if (script.IsExchange)
        {
            // There is nothing to coalesce, and enough to split.
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
