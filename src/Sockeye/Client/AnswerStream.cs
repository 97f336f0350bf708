using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>
/// What an HTTP client reads an answer from. RFC 9110 §15.2 lets any number of interim ones go before it, and the HTTP
/// client takes them all; this does not. Behind them it is not in the way.
/// </summary>
internal sealed class AnswerStream(Stream stream) : LayeredStream(stream)
{
    private const int MaxInterimAnswers = 8;

    // RFC 8446 §5.1: a record of TLS, an alert or a part of its handshake. No response of HTTP begins so.
    private const byte AlertType = 21;
    private const byte HandshakeType = 22;

    private InterimAnswers _interim;
    private bool _hasBegun;

    /// <summary>Whether there were more interim answers than are taken.</summary>
    public bool IsGivenUp => _interim.Count > MaxInterimAnswers;

    /// <summary>Whether the answer began as TLS does.</summary>
    public bool IsTls { get; private set; }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _interim.IsOver ? Below.ReadAsync(buffer, cancellationToken) : ReadAnswerAsync(buffer, cancellationToken);

    private async ValueTask<int> ReadAnswerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await Below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!_hasBegun && count != 0)
        {
            _hasBegun = true;
            IsTls = buffer.Span[0] is AlertType or HandshakeType;
        }

        _interim.Add(buffer.Span[..count]);
        return IsGivenUp
            ? throw new IOException($"The server sent more than {MaxInterimAnswers} answers before the answer.")
            : count;
    }
}
