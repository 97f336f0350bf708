namespace Sockeye.Collections;

/// <summary>Keeps a few objects to be used again. Not thread-safe.</summary>
internal sealed class SpareObjects<T>
    where T : class, new()
{
    private const int MaxCount = 256;

    private readonly Stack<T> _objects = new();

    /// <summary>One that was returned, or a new one.</summary>
    public T Rent() => _objects.TryPop(out T? spare) ? spare : new T();

    /// <summary>Takes one back.</summary>
    public void Return(T spare)
    {
        if (_objects.Count < MaxCount)
        {
            _objects.Push(spare);
        }
    }
}
