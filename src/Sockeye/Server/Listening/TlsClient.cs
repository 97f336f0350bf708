using System.Net;
using Sockeye.Transports;

namespace Sockeye.Server.Listening;

/// <summary>A client that has been accepted and speaks TLS, while its handshake waits asynchronously.</summary>
internal abstract class TlsClient : IDisposable
{
    /// <summary>The local address; <see langword="null"/> if the client has disconnected.</summary>
    public abstract EndPoint? LocalEndPoint { get; }

    /// <summary>The client's address; <see langword="null"/> if the client has disconnected.</summary>
    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>The record of the handshake; <see langword="null"/> before it begins.</summary>
    public abstract TlsOpening? Opening { get; }

    /// <summary>Waits until the client has sent something. Costs no TLS state.</summary>
    public abstract ValueTask WaitAsync(CancellationToken cancellationToken);

    /// <summary>Performs the handshake.</summary>
    /// <param name="selection">Selects the options.</param>
    /// <param name="cancellationToken">Cancels waiting for the client.</param>
    public abstract Task AuthenticateAsync(TlsSelection selection, CancellationToken cancellationToken);

    /// <summary>Makes the transport, after the handshake, which owns the client from now on.</summary>
    /// <exception cref="IOException">The client has disconnected.</exception>
    public abstract Transport Secure();

    /// <summary>Gives up TLS, because the client does not speak it.</summary>
    /// <returns>The transport without TLS, which owns the client from now on; <see langword="null"/> if it has disconnected.</returns>
    public abstract Transport? Expose();

    /// <inheritdoc/>
    public abstract void Dispose();
}
