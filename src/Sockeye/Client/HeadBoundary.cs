using Sockeye.Protocol;
using Sockeye.Transports.Loops;

namespace Sockeye.Client;

/// <summary>Ends a read with the head of an HTTP message, so that the HTTP client holds no bytes that belong to the connection.</summary>
internal sealed class HeadBoundary : IReadBoundary
{
    private HeadEndFinder _heads;

    /// <inheritdoc/>
    public int LengthWithin(ReadOnlySpan<byte> next) => _heads.EndIn(next) ?? next.Length;
}
