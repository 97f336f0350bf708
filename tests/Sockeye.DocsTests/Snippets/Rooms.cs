using System.Collections.Concurrent;

namespace Sockeye.Tests;

// snippet: a service
internal sealed class Rooms
{
    private readonly ConcurrentDictionary<string, int> _counts = new();

    public int Count(string room) => _counts.AddOrUpdate(room, 1, (_, count) => count + 1);
}
// end snippet
