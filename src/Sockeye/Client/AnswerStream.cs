using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>
/// What an HTTP client reads an answer from. RFC 9110 §15.2 lets any number of interim ones go before it, and the HTTP
/// client takes them all; this does not. Behind them it is not in the way.
/// </summary>
/// <param name="stream">The stream below.</param>
/// <param name="isToConnect">Whether the answer is that of a proxy to CONNECT. What follows it is the tunnel's.</param>
internal sealed class AnswerStream(Stream stream, bool isToConnect = false) : LayeredStream(stream)
{
    private const int MaxInterimAnswers = 8;

    private InterimAnswers _interim = new() { IsToConnect = isToConnect };
    private bool _hasBegun;

    /// <summary>Whether there were more interim answers than are taken.</summary>
    public bool IsGivenUp => _interim.Count > MaxInterimAnswers;

    /// <summary>Whether the answer began as TLS does.</summary>
    public bool IsTls { get; private set; }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>

        // The HTTP client reads ahead before it asks a proxy again.
        (isToConnect ? _interim.IsTunnel : _interim.IsOver)
            ? Below.ReadAsync(buffer, cancellationToken)
            : ReadAnswerAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A proxy that asked for credentials is asked again, if it keeps the connection.
        if (isToConnect && _interim is { IsOver: true, IsTunnel: false })
        {
            _interim = new() { IsToConnect = true };
        }

        return Below.WriteAsync(buffer, cancellationToken);
    }

    private async ValueTask<int> ReadAnswerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await Below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!_hasBegun && count != 0)
        {
            _hasBegun = true;
            IsTls = TlsRecord.CanBeginWith(buffer.Span[0]);
        }

        _interim.Add(buffer.Span[..count]);
        return IsGivenUp
            ? throw new IOException($"More than {MaxInterimAnswers} interim answers came before the answer.")
            : count;
    }
}
