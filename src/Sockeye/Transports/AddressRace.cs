using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// Connects to the first of a host's addresses that answers (RFC 8305, "Happy Eyeballs"): an address that takes its time
/// is not given up, but the next is tried beside it.
/// </summary>
internal static class AddressRace
{
    /// <summary>How long an attempt has before the next begins beside it (RFC 8305 §5: 250 milliseconds).</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Sorts addresses so that the two families take turns, the family of the first before (RFC 8305 §4).</summary>
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

    /// <summary>Connects.</summary>
    /// <param name="addresses">Where to, as name resolution has sorted them; at least one.</param>
    /// <param name="connect">One attempt. What it makes is disposed of if another was faster.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="cancellationToken">Ends all attempts.</param>
    /// <exception cref="SocketException">None of the addresses can be reached: what the last attempt met with.</exception>
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

                // Looked at here, whatever comes of the race: nobody else does, unless it was the last.
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

    /// <summary>The attempt that ends first; <see langword="null"/> if it is time for another.</summary>
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
        // Whatever became of it: another attempt has won, or all were given up.
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            (await late.ConfigureAwait(false)).Dispose();
        }
    }
}
