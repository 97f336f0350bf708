using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// Connects to whichever of a host's addresses accepts first (RFC 8305, "Happy Eyeballs"): a slow attempt keeps running while the
/// next address is tried beside it.
/// </summary>
internal static class AddressRace
{
    /// <summary>How long an attempt runs alone before the next one starts beside it (RFC 8305 §5: 250 milliseconds).</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Interleaves the two address families, starting with the family of the first address (RFC 8305 §4).</summary>
    public static EndPoint[] Interleave(IReadOnlyList<EndPoint> addresses)
    {
        if (addresses.Count == 0)
        {
            return [];
        }

        AddressFamily preferred = addresses[0].AddressFamily;
        EndPoint[] first = [.. addresses.Where(address => address.AddressFamily == preferred)];
        EndPoint[] second = [.. addresses.Where(address => address.AddressFamily != preferred)];
        List<EndPoint> sorted = [];
        for (int i = 0; i < Math.Max(first.Length, second.Length); i++)
        {
            sorted.AddRange(first.Skip(i).Take(1));
            sorted.AddRange(second.Skip(i).Take(1));
        }

        return [.. sorted];
    }

    /// <summary>Connects to the first address that accepts.</summary>
    /// <param name="addresses">The addresses, in the order that name resolution gave them; at least one.</param>
    /// <param name="connect">Makes one attempt. Its result is disposed of if another attempt wins.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Cancels all attempts.</param>
    /// <exception cref="SocketException">No address can be reached; this is the error of the last attempt.</exception>
    public static async Task<T> RunAsync<T>(
        IReadOnlyList<EndPoint> addresses, Func<EndPoint, CancellationToken, Task<T>> connect, TimeProvider time,
        CancellationToken cancellationToken)
        where T : IDisposable
    {
        addresses = Interleave(addresses);
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<T>> running = [];
        Task<T>? last = null;
        try
        {
            for (int next = 0; next < addresses.Count || running.Count > 0;)
            {
                if (next < addresses.Count)
                {
                    running.Add(connect(addresses[next++], race.Token));
                }

                Task<T>? finished =
                    await NextAsync(running, mayWait: next == addresses.Count, time, race.Token).ConfigureAwait(false);
                if (finished is null)
                {
                    continue;
                }

                running.Remove(finished);
                if (finished.IsCompletedSuccessfully)
                {
                    return await finished.ConfigureAwait(false);
                }

                // Reads the exception so that the task never counts as unobserved: only the last failure is rethrown.
                _ = finished.Exception;
                cancellationToken.ThrowIfCancellationRequested();
                last = finished;
            }
        }
        finally
        {
            await race.CancelAsync().ConfigureAwait(false);
            foreach (Task<T> late in running)
            {
                _ = DiscardAsync(late);
            }
        }

        return await (last ?? Task.FromException<T>(new SocketException((int)SocketError.HostNotFound)))
            .ConfigureAwait(false);
    }

    /// <summary>Returns the first attempt to finish, or <see langword="null"/> when it is time to start another.</summary>
    private static async Task<Task<T>?> NextAsync<T>(
        List<Task<T>> running, bool mayWait, TimeProvider time, CancellationToken cancellationToken)
    {
        Task<Task<T>> first = Task.WhenAny(running);
        if (mayWait || first.IsCompleted)
        {
            return await first.ConfigureAwait(false);
        }

        using var delayed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task delay = Task.Delay(AttemptDelay, time, delayed.Token);
        Task ended = await Task.WhenAny(first, delay).ConfigureAwait(false);
        if (ended == first)
        {
            await delayed.CancelAsync().ConfigureAwait(false);
            return await first.ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return null;
    }

    private static async Task DiscardAsync<T>(Task<T> late)
        where T : IDisposable
    {
        // Its outcome no longer matters: another attempt won, or all were canceled.
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            (await late.ConfigureAwait(false)).Dispose();
        }
    }
}
