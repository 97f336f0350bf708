using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>One end of TLS as a machine, without a socket: the test gives it the ciphertext of the other end in pieces.</summary>
internal sealed class TlsEnd : ICiphertextSink, IDisposable
{
    private readonly TlsEngine _engine;
    private readonly byte[] _buffer = new byte[TlsRecord.MaxPlaintextLength];
    private readonly List<byte> _sent = [];
    private readonly List<byte> _received = [];

    private TlsEnd(TlsEngine engine)
    {
        _engine = engine;
        _engine.Output = this;
    }

    private TlsEnd(Func<SslStream, Task> handshake)
    {
        var ciphertext = new CiphertextStream { Output = this };
        var tls = new SslStream(ciphertext);
        _engine = new SslStreamEngine(ciphertext, tls, handshake(tls)) { Output = this };
    }

    /// <summary>What the handshake has negotiated.</summary>
    public WebSocketTlsInformation Tls => _engine.Information;

    /// <summary>Whether the handshake is complete.</summary>
    public bool IsSecure { get; private set; }

    /// <summary>Whether the other end has ended its direction with close_notify.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The plaintext so far.</summary>
    public byte[] Received => [.. _received];

    /// <summary>A client that begins the handshake with its ClientHello.</summary>
    public static TlsEnd Client(SslClientAuthenticationOptions options) => new(tls => tls.AuthenticateAsClientAsync(options));

    /// <summary>A server that waits for one.</summary>
    public static TlsEnd Server(WebSocketTlsEngine engine)
    {
        SslServerAuthenticationOptions options = TestCertificate.ForServer();
        if (engine == WebSocketTlsEngine.SslStream)
        {
            return new(tls => tls.AuthenticateAsServerAsync(options));
        }

        return OpenSslServer(options);
    }

    /// <summary>A server by OpenSSL, with options of its own.</summary>
    public static TlsEnd OpenSslServer(SslServerAuthenticationOptions options)
    {
        Assert.SkipWhen(LoopTls.WhyNoOpenSsl is not null, "OpenSSL cannot be used here.");
        return new(LoopTls.OpenSslEngine(options));
    }

    /// <summary>What it has sent since the last call.</summary>
    public byte[] Take()
    {
        byte[] sent = [.. _sent];
        _sent.Clear();
        return sent;
    }

    /// <summary>Encrypts.</summary>
    /// <returns>The records.</returns>
    public byte[] Encrypt(ReadOnlySpan<byte> plaintext)
    {
        Assert.Empty(_sent);
        _engine.Encrypt(plaintext);
        return Take();
    }

    /// <summary>Ends its direction.</summary>
    /// <returns>The record with close_notify.</returns>
    public byte[] EndOutput()
    {
        Assert.Empty(_sent);
        _engine.EndOutput();
        return Take();
    }

    /// <summary>Gives it one piece of ciphertext, all of which it uses.</summary>
    public void Deliver(ReadOnlySpan<byte> piece)
    {
        if (!IsSecure && !(IsSecure = _engine.Handshake(ref piece)))
        {
            Assert.True(piece.IsEmpty, "A handshake that is not complete has left something.");
            return;
        }

        TlsDecryption result;
        while ((result = _engine.Decrypt(ref piece, _buffer, out int length)) == TlsDecryption.Decrypted)
        {
            Assert.InRange(length, 1, _buffer.Length);
            _received.AddRange(_buffer[..length]);
        }

        HasEnded |= result == TlsDecryption.Ended;
        Assert.True(HasEnded || piece.IsEmpty, "An engine that needs more has left something.");
    }

    /// <summary>Gives it ciphertext in pieces of one length.</summary>
    public void Deliver(byte[] ciphertext, int pieceLength)
    {
        foreach (byte[] piece in ciphertext.Chunk(pieceLength))
        {
            Deliver(piece);
        }
    }

    void ICiphertextSink.OnRecords(ReadOnlySpan<byte> records) => _sent.AddRange(records);

    public void Dispose() => _engine.Dispose();
}
