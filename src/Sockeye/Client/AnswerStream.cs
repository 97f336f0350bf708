using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>
/// What an HTTP client reads an answer from. RFC 9110 §15.2 lets any number of interim ones go before it, and the HTTP
/// client takes them all; this does not. Behind them it is not in the way.
/// </summary>
internal sealed class AnswerStream(Stream stream) : AsyncStream
{
    private const int MaxInterimAnswers = 8;

    private InterimAnswers _interim;

    /// <summary>Whether there were more interim answers than are taken.</summary>
    public bool IsGivenUp => _interim.Count > MaxInterimAnswers;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _interim.IsOver ? stream.ReadAsync(buffer, cancellationToken) : ReadAnswerAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        stream.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => stream.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => stream.Write(buffer, offset, count);

    /// <inheritdoc/>
    public override void Flush() => stream.Flush();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadAnswerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _interim.Add(buffer.Span[..count]);
        return IsGivenUp
            ? throw new IOException($"The server sent more than {MaxInterimAnswers} answers before the answer.")
            : count;
    }
}
