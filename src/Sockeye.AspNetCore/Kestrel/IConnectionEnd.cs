namespace Sockeye.AspNetCore.Kestrel;

/// <summary>Is called when the socket of a connection is closed.</summary>
internal interface IConnectionEnd
{
    /// <summary>Called once, on the loop's thread; must not block.</summary>
    void OnClosed();

    /// <summary>The client has ended its direction.</summary>
    void OnInputEnded();
}
