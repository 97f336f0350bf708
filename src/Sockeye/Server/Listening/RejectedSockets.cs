using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Sockeye.Timing;

namespace Sockeye.Server.Listening;

/// <summary>
/// Connections that were rejected before their request was read. Each is kept for a moment: closing it while its request arrives would
/// send a reset, which may destroy the response.
/// </summary>
/// <remarks>
/// Only a few are kept, because each holds a descriptor when descriptors may be scarce: a new one displaces the oldest. Thread-safe.
/// </remarks>
internal sealed class RejectedSockets(DeadlineWheel wheel) : Deadline
{
    /// <summary>The number of connections that are kept.</summary>
    public const int MaxCount = 8;

    // Most requests arrive in one piece that is not longer.
    private const int MaxDiscardedLength = 4096;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly Queue<IDisposable> _connections = new();

    /// <summary>The number of a socket's descriptor; 0 where sockets have none.</summary>
    public static int DescriptorOf(Socket socket) =>
        OperatingSystem.IsWindows() ? 0 : (int)socket.SafeHandle.DangerousGetHandle();

    /// <summary>Sends a response, as much of it as the kernel takes, and ends the output.</summary>
    /// <exception cref="SocketException">The client has disconnected.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> response)
    {
        socket.Blocking = false;

        // If a request that has arrived were not read, the close would be a reset.
        _ = socket.Receive(stackalloc byte[MaxDiscardedLength], SocketFlags.None, out _);
        _ = socket.Send(response, SocketFlags.None, out _);
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Keeps a connection, and closes it soon.</summary>
    public void Add(IDisposable connection)
    {
        IDisposable? oldest = null;
        lock (_connections)
        {
            _connections.Enqueue(connection);
            if (_connections.Count > MaxCount)
            {
                oldest = _connections.Dequeue();
            }
        }

        oldest?.Dispose();
        wheel.Schedule(this, Lifetime);
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        while (TryTake(out IDisposable? connection))
        {
            connection.Dispose();
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => FaultTrace.Write(exception);

    private bool TryTake([NotNullWhen(true)] out IDisposable? connection)
    {
        lock (_connections)
        {
            return _connections.TryDequeue(out connection);
        }
    }
}
