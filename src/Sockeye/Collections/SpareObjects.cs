namespace Sockeye.Collections;

/// <summary>A small pool of reusable objects. Not thread-safe.</summary>
internal sealed class SpareObjects<T>
    where T : class, new()
{
    private const int MaxCount = 256;

    private readonly Stack<T> _objects = new();

    /// <summary>Rents an object that was returned, or creates one.</summary>
    public T Rent() => _objects.TryPop(out T? spare) ? spare : new T();

    /// <summary>Returns an object to the pool.</summary>
    public void Return(T spare)
    {
        if (_objects.Count < MaxCount)
        {
            _objects.Push(spare);
        }
    }
}
