using System.Security.Cryptography;

namespace Sockeye.Benchmarks;

/// <summary>Echoes every message after about 20 µs of work, the same amount on machines of the same kind.</summary>
internal sealed class WorkHandler : WebSocketHandler
{
    private static readonly byte[] Material = new byte[32 * 1024];

    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Material, digest);
        connection.TrySend(payload, kind);
    }
}
