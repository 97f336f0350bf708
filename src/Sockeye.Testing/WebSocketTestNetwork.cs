using System.Net.Sockets;

namespace Sockeye.Testing;

/// <summary>
/// A simulated network in memory between a client and a server: two streams, and the conditions and faults of both directions.
/// </summary>
/// <remarks>
/// <para>
/// <see cref="WebSocketTestPair"/> creates one for its connections. A test of one end alone uses a network itself: it passes
/// <see cref="ServerStream"/> to <see cref="WebSocketAcceptor.AcceptAsync"/> and writes bytes to <see cref="ClientStream"/>, or returns
/// <see cref="ClientStream"/> from <see cref="WebSocketClientOptions.ConnectCallback"/>.
/// </para>
/// <para>
/// Streams are asynchronous only: synchronous reads and writes throw a <see cref="NotSupportedException"/>. Disposing of a stream ends its
/// output in order; what the other end still sends to it is lost without an error. Thread-safe.
/// </para>
/// </remarks>
public sealed class WebSocketTestNetwork : IDisposable
{
    private readonly long _start;
    private bool _isReset;

    /// <summary>Creates a network between two streams.</summary>
    /// <param name="options">Its conditions; <see langword="null"/> for a network that delivers everything at once.</param>
    /// <exception cref="ArgumentException"><see cref="WebSocketTestLinkOptions.VarySegments"/> has no effect.</exception>
    public WebSocketTestNetwork(WebSocketTestNetworkOptions? options = null)
        : this(options ?? new(), exemptsHandshake: false)
    {
    }

    internal WebSocketTestNetwork(WebSocketTestNetworkOptions options, bool exemptsHandshake)
    {
        Check(options.ToServer, nameof(options.ToServer));
        Check(options.ToClient, nameof(options.ToClient));
        Options = options;
        _start = options.TimeProvider.GetTimestamp();
        ToServer = new WebSocketTestLink(
            this, options.ToServer, new DeliverySchedule(options.ToServer, options.Seed, direction: 0),
            exemptsHandshake ? new HeadBoundary(isResponse: false) : null);
        ToClient = new WebSocketTestLink(
            this, options.ToClient, new DeliverySchedule(options.ToClient, options.Seed, direction: 1),
            exemptsHandshake ? new HeadBoundary(isResponse: true) : null);
        ClientStream = new TestStream(input: ToClient, output: ToServer);
        ServerStream = new TestStream(input: ToServer, output: ToClient);
    }

    /// <summary>The direction from the client to the server.</summary>
    public WebSocketTestLink ToServer { get; }

    /// <summary>The direction from the server to the client.</summary>
    public WebSocketTestLink ToClient { get; }

    /// <summary>The client's end.</summary>
    public Stream ClientStream { get; }

    /// <summary>The server's end.</summary>
    public Stream ServerStream { get; }

    internal WebSocketTestNetworkOptions Options { get; }

    /// <summary>Guards the state of both links, so that a reset ends both at once.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The time since the network was created.</summary>
    internal TimeSpan Elapsed => Options.TimeProvider.GetElapsedTime(_start);

    /// <summary>
    /// Resets the connection in both directions, at once: bytes that have not been read are lost, and reads and writes of both ends throw an
    /// <see cref="IOException"/> with a <see cref="SocketException"/> for <see cref="SocketError.ConnectionReset"/>.
    /// </summary>
    public void Reset()
    {
        lock (Gate)
        {
            if (!_isReset)
            {
                _isReset = true;
                ToServer.OnReset();
                ToClient.OnReset();
            }
        }
    }

    /// <summary>
    /// Loses everything from now on, in both directions, as if a cable was cut. See <see cref="WebSocketTestLink.DropAfter"/>.
    /// </summary>
    public void Drop()
    {
        ToServer.DropAfter(0);
        ToClient.DropAfter(0);
    }

    /// <summary>Disposes of both streams.</summary>
    public void Dispose()
    {
        ClientStream.Dispose();
        ServerStream.Dispose();
    }

    /// <summary>Lets connections close in order at the end of a test, or resets them if they no longer can.</summary>
    internal void Lift()
    {
        if (ToServer.Lift() | ToClient.Lift())
        {
            Reset();
        }
    }

    /// <summary>Throws if the network was reset. Called under the lock.</summary>
    internal void ThrowIfReset()
    {
        if (_isReset)
        {
            throw new IOException(
                "The simulated network has reset the connection.", new SocketException((int)SocketError.ConnectionReset));
        }
    }

    private static void Check(WebSocketTestLinkOptions options, string name)
    {
        if (options is { VarySegments: true, SegmentLength: null })
        {
            throw new ArgumentException(
                $"{name}.{nameof(options.VarySegments)} has no effect without {nameof(options.SegmentLength)}.", nameof(options));
        }
    }
}
