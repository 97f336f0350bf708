using System.Buffers;
using System.Text;
using Sockeye.Memory;

namespace Sockeye;

/// <summary>A message that was taken off its connection with <see cref="WebSocketMessage.Detach"/>, and owns its memory.</summary>
/// <remarks>
/// <para>
/// Disposing returns the memory to the pool of Sockeye, for later messages. Disposal is optional: a message that is not disposed
/// is collected like any other object, and costs the pool an array.
/// </para>
/// <para>
/// The memory is the application's: it does not count towards <see cref="LimitOptions.MaxBufferedLength"/>, and outlives the
/// connection. Any number of threads may read the message, as long as none disposes it.
/// </para>
/// </remarks>
public sealed class WebSocketOwnedMessage : IMemoryOwner<byte>
{
    private readonly ArrayPool<byte> _pool;
    private readonly int _length;
    private byte[]? _array;

    internal WebSocketOwnedMessage(byte[] array, int length, WebSocketMessageKind kind, ArrayPool<byte> pool)
    {
        _array = array;
        _length = length;
        _pool = pool;
        Kind = kind;
    }

    /// <summary>Whether the payload is text or arbitrary bytes.</summary>
    public WebSocketMessageKind Kind { get; }

    /// <summary>The payload, valid until <see cref="Dispose"/>. The payload of a text message is valid UTF-8.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed.</exception>
    public ReadOnlyMemory<byte> Payload => Memory;

    /// <summary>The payload as memory that may be changed, valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed.</exception>
    public Memory<byte> Memory
    {
        get
        {
            byte[]? array = Volatile.Read(ref _array);
            ObjectDisposedException.ThrowIf(array is null, this);
            return array.AsMemory(0, _length);
        }
    }

    /// <summary>Decodes the payload as UTF-8. Each call makes a new string.</summary>
    /// <remarks>Invalid bytes of a binary message become U+FFFD.</remarks>
    /// <exception cref="ObjectDisposedException">The message was disposed.</exception>
    public string GetText() => Encoding.UTF8.GetString(Payload.Span);

    /// <summary>The text of a text message; kind and length of a binary one.</summary>
    /// <exception cref="ObjectDisposedException">The message was disposed.</exception>
    public override string ToString() => WebSocketMessage.Describe(Kind, Payload.Span);

    /// <summary>Returns the memory to the pool. Further calls do nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            PoisonedMemory.Poison(array.AsSpan(0, _length));
            _pool.Return(array);
        }
    }
}
