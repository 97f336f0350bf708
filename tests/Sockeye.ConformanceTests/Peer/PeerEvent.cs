using System.Text;

namespace Sockeye.Tests;

internal enum PeerEventKind
{
    TextMessage,
    BinaryMessage,
    Ping,
    Pong,
    Close,
}

/// <summary>What the endpoint under test sends to the peer, with fragments assembled.</summary>
internal sealed record PeerEvent(PeerEventKind Kind, byte[] Payload)
{
    private const int ShownLength = 40;

    /// <summary>The close code, or <see langword="null"/> for a Close frame without one.</summary>
    public int? CloseCode => Payload.Length < 2 ? null : (Payload[0] << 8) | Payload[1];

    public override string ToString()
    {
        if (Kind == PeerEventKind.Close)
        {
            return CloseCode is null
                ? "Close without a code"
                : $"Close {CloseCode} \"{Encoding.UTF8.GetString(Payload.AsSpan(2))}\"";
        }

        string hex = Convert.ToHexString(Payload.AsSpan(0, Math.Min(Payload.Length, ShownLength)));
        return $"{Kind} of {Payload.Length} bytes {hex}{(Payload.Length > ShownLength ? "…" : "")}";
    }
}
