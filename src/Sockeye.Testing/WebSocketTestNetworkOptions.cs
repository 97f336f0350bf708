namespace Sockeye.Testing;

/// <summary>The conditions of a <see cref="WebSocketTestNetwork"/>. Immutable.</summary>
public sealed record WebSocketTestNetworkOptions
{
    /// <summary>The conditions from the client to the server.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketTestLinkOptions ToServer
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(ToServer));
    } = new();

    /// <summary>The conditions from the server to the client.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketTestLinkOptions ToClient
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(ToClient));
    } = new();

    /// <summary>
    /// Determines <see cref="WebSocketTestLinkOptions.Jitter"/> and <see cref="WebSocketTestLinkOptions.VarySegments"/>. The same writes at
    /// the same times arrive in the same pieces at the same times, on every machine and version of .NET. The default is 0.
    /// </summary>
    public int Seed { get; init; }

    /// <summary>
    /// Whether all bytes are recorded, for <see cref="WebSocketTestLink.GetSentBytes"/> and <see cref="WebSocketTestLink.GetSentFrames"/>.
    /// The default is <see langword="false"/>: a record grows with every byte that is sent.
    /// </summary>
    public bool Record { get; init; }

    /// <summary>The clock. The default is that of the system.</summary>
    /// <remarks>
    /// With a <c>FakeTimeProvider</c>, one call of <c>Advance</c> delivers everything that is due by then, in order, before it returns. What
    /// an end sends in response is due after a further advance.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public TimeProvider TimeProvider
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(TimeProvider));
    } = TimeProvider.System;
}
