using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>
/// Reads a client's first message, by which the options of its connection are selected. The connection then begins with those, and gets
/// the same bytes: a session that changed its context would share the ticket keys of the first one.
/// </summary>
internal sealed class OpenSslHello : IOpenSslHandshake, IDisposable
{
    // A browser's has 2 kB, with the largest key shares.
    private const int MaxLength = 64 * 1024;

    private readonly OpenSslSession _session;
    private readonly List<byte> _received = [];
    private SslClientHelloInfo? _hello;

    /// <summary>Waits for the message.</summary>
    /// <param name="replies">Takes the alert about a message that is not valid.</param>
    public OpenSslHello(ICiphertextSink replies) =>
        _session = new OpenSslSession(OpenSslContexts.ForHello, this) { Output = replies };

    /// <summary>Everything that was received.</summary>
    public ReadOnlySpan<byte> Received => CollectionsMarshal.AsSpan(_received);

    /// <inheritdoc/>
    ReadOnlySpan<byte> IOpenSslHandshake.ApplicationProtocols => default;

    /// <summary>Adds what was received.</summary>
    /// <returns>The message; <see langword="null"/> while it is not complete.</returns>
    /// <exception cref="AuthenticationException">It is not valid.</exception>
    public SslClientHelloInfo? Add(ReadOnlySpan<byte> piece)
    {
        if (_received.Count + piece.Length > MaxLength)
        {
            throw new AuthenticationException("The first message of the client is too long.");
        }

        _received.AddRange(piece);
        if (_session.Handshake(piece) != 1)
        {
            _session.ThrowIfCallbackFailed();
        }

        return _hello is not null || _session.IsStarved ? _hello : throw new AuthenticationException(OpenSslErrors.Take());
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    /// <inheritdoc/>
    void IOpenSslHandshake.OnHello(SslClientHelloInfo hello) => _hello = hello;

    /// <inheritdoc/>
    OpenSslVerdict IOpenSslHandshake.Check(byte[] certificate, IReadOnlyList<byte[]> others) => OpenSslVerdict.Rejected;
}
