using System.Net;

namespace Sockeye.Transports;

/// <summary>
/// Carries the addresses of a connection whose stream does not exist yet: another HTTP server conducts the opening handshake and
/// provides the stream at its end.
/// </summary>
internal sealed class AddressedTransport(EndPoint? localEndPoint, EndPoint? remoteEndPoint) : Transport
{
    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint { get; } = EndPoints.Unmapped(localEndPoint);

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint { get; } = EndPoints.Unmapped(remoteEndPoint);

    /// <inheritdoc/>
    public override void Start() => throw NotSupported();

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> bytes) => throw NotSupported();

    /// <inheritdoc/>
    public override bool Write(ReadOnlyMemory<byte> bytes) => throw NotSupported();

    /// <inheritdoc/>
    public override void ResumeReading() => throw NotSupported();

    /// <inheritdoc/>
    public override void ShutdownOutput() => throw NotSupported();

    /// <inheritdoc/>
    public override void Close() => throw NotSupported();

    /// <inheritdoc/>
    public override void Abort(Exception? error) => throw NotSupported();

    private static NotSupportedException NotSupported() => new("The opening handshake has not provided a stream yet.");
}
