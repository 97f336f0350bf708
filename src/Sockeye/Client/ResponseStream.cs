using Sockeye.Transports;

namespace Sockeye.Client;

/// <summary>
/// The stream from which the HTTP client reads a response. RFC 9110 §15.2 allows any number of interim responses before it, and the HTTP
/// client reads all of them; this stream limits their number. After them it passes reads through.
/// </summary>
/// <param name="stream">The stream below.</param>
/// <param name="isToConnect">
/// Whether the stream carries the response of a proxy to CONNECT. The bytes after it belong to the tunnel.
/// </param>
internal sealed class ResponseStream(Stream stream, bool isToConnect = false) : LayeredStream(stream)
{
    private const int MaxInterimResponses = 8;

    private InterimResponses _interim = new() { IsToConnect = isToConnect };

    /// <summary>Whether any byte of a response has arrived.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the server sent more interim responses than are allowed.</summary>
    public bool HasTooMany => _interim.Count > MaxInterimResponses;

    /// <summary>Whether the response began like a TLS record.</summary>
    public bool IsTls { get; private set; }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>

        // The HTTP client reads ahead before it sends another request to a proxy.
        (isToConnect ? _interim.IsTunnel : _interim.IsOver)
            ? Below.ReadAsync(buffer, cancellationToken)
            : ReadResponseAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A proxy that requires credentials gets a second request, if it keeps the connection open.
        if (isToConnect && _interim is { IsOver: true, IsTunnel: false })
        {
            _interim = new() { IsToConnect = true };
        }

        return Below.WriteAsync(buffer, cancellationToken);
    }

    private async ValueTask<int> ReadResponseAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await Below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!HasBegun && count != 0)
        {
            HasBegun = true;
            IsTls = TlsRecord.CanBeginWith(buffer.Span[0]);
        }

        _interim.Add(buffer.Span[..count]);
        return HasTooMany
            ? throw new IOException($"More than {MaxInterimResponses} interim responses came before the response.")
            : count;
    }
}
