namespace Sockeye.Connections.Receiving;

/// <summary>
/// The application's method that serves a connection, while it runs. Code that the method calls can find it, so that a server that is
/// stopped from inside the method does not wait for it.
/// </summary>
/// <param name="host">The server that the connection belongs to, if any.</param>
internal sealed class ServeCall(IConnectionHost? host)
{
    private static readonly AsyncLocal<ServeCall?> Calling = new();

    private const int Running = 0;
    private const int Aside = 1;
    private const int Over = 2;

    private int _state;
    private Action? _rejoin;

    /// <summary>The serve method that the current asynchronous flow belongs to; <see langword="null"/> if there is none.</summary>
    public static ServeCall? Current => Calling.Value;

    /// <summary>The server that the connection belongs to.</summary>
    public IConnectionHost? Host { get; } = host;

    /// <summary>Makes this the current call of the asynchronous method that calls it, and of what that calls.</summary>
    public void Enter() => Calling.Value = this;

    /// <summary>Notes that the method has stopped its server. It may await the stop, which must not wait for the method.</summary>
    /// <param name="rejoin">Called before the method is noted to have returned.</param>
    /// <returns>Whether this is the first time.</returns>
    public bool TryStepAside(Action rejoin)
    {
        Volatile.Write(ref _rejoin, rejoin);
        return Interlocked.CompareExchange(ref _state, Aside, Running) == Running;
    }

    /// <summary>The method has returned.</summary>
    public void End()
    {
        int before = Interlocked.Exchange(ref _state, Over);
        if (before == Aside)
        {
            _rejoin!();
        }

        if (before != Over)
        {
            Host?.OnServed();
        }
    }
}
