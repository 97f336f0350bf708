using System.Buffers;
using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Server.Listening;

/// <summary>A client on an event loop with whom OpenSSL performs the handshake.</summary>
internal sealed class LoopOpenSslClient : LoopClient
{
    private const int BufferLength = 4 * 1024;

    private readonly WebSocketEndPoint _endPoint;
    private readonly TimeProvider _time;
    private readonly TlsWitness _witness;
    private readonly Replies _replies = new();
    private bool _hasBegun;

    // What was received behind the handshake.
    private byte[] _rest = [];

    // Guarded by the gate.
    private OpenSslEngine? _engine;

    /// <summary>Takes ownership of a transport, and begins to read.</summary>
    public LoopOpenSslClient(EventLoopTransport transport, WebSocketEndPoint endPoint, TimeProvider time, ArrayPool<byte> pool)
        : base(transport, pool)
    {
        _endPoint = endPoint;
        _time = time;
        _witness = new TlsWitness(Stream);
    }

    /// <inheritdoc/>
    public override TlsOpening? Opening => _hasBegun ? _witness.Opening : null;

    /// <inheritdoc/>
    public override async Task AuthenticateAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        _hasBegun = true;
        try
        {
            await HandshakeAsync(selection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The alert, if there is one.
            await SendRepliesAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <inheritdoc/>
    protected override TlsEngine CompleteEngine(out ReadOnlySpan<byte> rest)
    {
        rest = _rest;
        return _engine!;
    }

    /// <inheritdoc/>
    protected override void DisposeTls() => _engine?.Dispose();

    private async Task HandshakeAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        byte[] buffer = Pool.Rent(BufferLength);
        try
        {
            byte[] first = [];
            SslServerAuthenticationOptions options;
            if (selection.NeedsHello)
            {
                (SslClientHelloInfo message, first) = await ReadHelloAsync(buffer, cancellationToken).ConfigureAwait(false);
                options = await selection.SelectAsync(_endPoint, message, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                options = selection.Select(_endPoint, host: "");
            }

            OpenSslEngine engine = Begin(options, mayLackCertificate: selection.Check is { HasCallback: true });
            while (!Continue(engine, first))
            {
                await SendRepliesAsync(cancellationToken).ConfigureAwait(false);
                first = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }

            await SendRepliesAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Pool.Return(buffer);
        }
    }

    private async Task<(SslClientHelloInfo Message, byte[] Received)> ReadHelloAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        using var hello = new OpenSslHello(_replies);
        while (true)
        {
            byte[] received = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (hello.Add(received) is { } message)
            {
                return (message, hello.Received.ToArray());
            }
        }
    }

    private OpenSslEngine Begin(SslServerAuthenticationOptions options, bool mayLackCertificate)
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            OpenSslContext context = OpenSslContexts.For(options, _time);
            return _engine = new OpenSslEngine(context, options, _endPoint, opening: null, mayLackCertificate) { Output = _replies };
        }
    }

    private bool Continue(OpenSslEngine engine, byte[] received)
    {
        ReadOnlySpan<byte> rest = received;
        bool isComplete = engine.Handshake(ref rest);
        _rest = rest.ToArray();
        return isComplete;
    }

    private async Task<byte[]> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        int count = await _witness.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        return count != 0 ? buffer[..count] : throw new EndOfStreamException("The client has ended the handshake.");
    }

    private async Task SendRepliesAsync(CancellationToken cancellationToken)
    {
        byte[] replies = _replies.Take();
        if (replies.Length != 0)
        {
            await _witness.WriteAsync(replies, cancellationToken).ConfigureAwait(false);
        }
    }

    // Not that of the thread: the application's callbacks may send on other connections meanwhile.
    private sealed class Replies : ICiphertextSink
    {
        private readonly List<byte> _records = [];

        public void OnRecords(ReadOnlySpan<byte> records) => _records.AddRange(records);

        public byte[] Take()
        {
            byte[] records = [.. _records];
            _records.Clear();
            return records;
        }
    }
}
