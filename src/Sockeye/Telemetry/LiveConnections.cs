using Sockeye.Collections;

namespace Sockeye.Telemetry;

/// <summary>
/// All open connections of the process, for the metrics that are states and not counts. They are read when metrics are collected, so a
/// connection pays nothing while it sends and receives.
/// </summary>
/// <remarks>
/// A server has a list of its connections in any case. Those of clients, and of acceptors that do not track theirs, are kept here, which
/// takes 8 bytes for each.
/// </remarks>
internal static class LiveConnections
{
    private static readonly DenseSet<IMeasuredConnection> Unlisted = new();
    private static readonly List<WeakReference<IConnectionList>> Lists = [];

    /// <summary>Adds a connection that no server lists.</summary>
    public static void Add(IMeasuredConnection connection) => Unlisted.Add(connection);

    /// <summary>Removes such a connection; does nothing if it was removed before.</summary>
    public static void Remove(IMeasuredConnection connection) => Unlisted.Remove(connection);

    /// <summary>Adds a server's list. It is not kept alive.</summary>
    public static void Add(IConnectionList list)
    {
        lock (Lists)
        {
            Lists.RemoveAll(static other => !other.TryGetTarget(out _));
            Lists.Add(new WeakReference<IConnectionList>(list));
        }
    }

    /// <summary>Returns the sum of a value over the connections of each group.</summary>
    public static Dictionary<ConnectionGroup, long> Sum(Func<IMeasuredConnection, long> select)
    {
        Dictionary<ConnectionGroup, long> sums = [];
        AddTo(sums, Unlisted.ToArray(), select);
        foreach (IConnectionList list in CopyLists())
        {
            AddTo(sums, list.GetMeasured(), select);
        }

        return sums;
    }

    private static void AddTo(
        Dictionary<ConnectionGroup, long> sums, IReadOnlyList<IMeasuredConnection> connections, Func<IMeasuredConnection, long> select)
    {
        foreach (IMeasuredConnection connection in connections)
        {
            if (select(connection) is not 0 and long value)
            {
                ConnectionGroup group = connection.Group;
                sums[group] = sums.GetValueOrDefault(group) + value;
            }
        }
    }

    private static List<IConnectionList> CopyLists()
    {
        List<IConnectionList> alive = [];
        lock (Lists)
        {
            foreach (WeakReference<IConnectionList> weak in Lists)
            {
                if (weak.TryGetTarget(out IConnectionList? list))
                {
                    alive.Add(list);
                }
            }
        }

        return alive;
    }
}
