namespace Sockeye.Connections.Sending;

/// <summary>The messages that one send has dropped under a policy for slow consumers: itself, or earlier ones.</summary>
/// <param name="Newest">1 if the message itself was dropped.</param>
/// <param name="Oldest">How many earlier messages were dropped to make room for it.</param>
/// <param name="Replaced">1 if it took the place of an earlier message with the same key.</param>
internal readonly record struct SendDrops(int Newest, int Oldest, int Replaced)
{
    /// <summary>Whether any message was dropped.</summary>
    public bool HasAny => (Newest | Oldest | Replaced) != 0;
}
