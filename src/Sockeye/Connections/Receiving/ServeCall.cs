namespace Sockeye.Connections.Receiving;

/// <summary>
/// The application's method that serves a connection, while it runs: known to what it calls, so that a server which is stopped
/// from inside does not wait for it.
/// </summary>
internal sealed class ServeCall(ConnectionCore core)
{
    private static readonly AsyncLocal<ServeCall?> Calling = new();

    private const int Running = 0;
    private const int Aside = 1;
    private const int Over = 2;

    private int _state;
    private Action? _rejoin;

    /// <summary>The serve method that the current asynchronous flow belongs to; <see langword="null"/> if there is none.</summary>
    public static ServeCall? Current => Calling.Value;

    /// <summary>Whose method it is.</summary>
    public ConnectionCore Core { get; } = core;

    /// <summary>What is called from here on, in this asynchronous method, is called by the application's.</summary>
    public void Enter() => Calling.Value = this;

    /// <summary>Notes that the method has called for the stop of its server. It may await the stop, which must not wait for it.</summary>
    /// <param name="rejoin">Called before the method is noted to have ended.</param>
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
            Core.NoteServed();
        }
    }
}
