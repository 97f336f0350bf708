namespace Sockeye.Connections;

/// <summary>
/// The application's method that serves a connection, while it runs: known to what it calls, so that a server which is stopped
/// from inside does not wait for it.
/// </summary>
internal sealed class ServeCall(ConnectionCore core)
{
    private static readonly AsyncLocal<ServeCall?> Calling = new();

    private int _isOver;

    /// <summary>The method from whose inside this is called, however deep; <see langword="null"/> if there is none.</summary>
    public static ServeCall? Current => Calling.Value;

    /// <summary>Whose method it is.</summary>
    public ConnectionCore Core { get; } = core;

    /// <summary>What is called from here on, in this asynchronous method, is called by the application's.</summary>
    public void Enter() => Calling.Value = this;

    /// <summary>The method has returned, or waits for what would wait for it.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            Core.NoteServed();
        }
    }
}
