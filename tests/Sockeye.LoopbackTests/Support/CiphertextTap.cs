using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>The stream below a peer's TLS: what TLS writes reaches the network as the test wants it.</summary>
/// <param name="below">The stream of a socket without Nagle's algorithm: each write is a segment.</param>
internal sealed class CiphertextTap(Stream below) : LayeredStream(below)
{
    private readonly MemoryStream _held = new();

    /// <summary>In pieces of which length it is sent.</summary>
    public int PieceLength { get; set; } = int.MaxValue;

    /// <summary>Done after each piece.</summary>
    public Func<Task> Sent { get; set; } = static () => Task.CompletedTask;

    /// <summary>Whether it is kept for <see cref="Take"/>, and not sent.</summary>
    public bool IsHolding { get; set; }

    /// <summary>What was kept since the last call.</summary>
    public byte[] Take()
    {
        byte[] held = _held.ToArray();
        _held.SetLength(0);
        return held;
    }

    /// <summary>Sends ciphertext, or other bytes.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlyMemory<byte> piece = bytes[..Math.Min(bytes.Length, PieceLength)];
            await Below.WriteAsync(piece).WithDeadline();
            await Sent();
            bytes = bytes[piece.Length..];
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Below.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsHolding)
        {
            _held.Write(buffer.Span);
        }
        else
        {
            await SendAsync(buffer);
        }
    }
}
