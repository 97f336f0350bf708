namespace Sockeye.Tests;

/// <summary>Two connected transports. Bytes move only in <see cref="Pump"/>.</summary>
internal sealed class InMemoryLink
{
    private bool _clientOutputEnded;
    private bool _serverOutputEnded;

    /// <summary>The end of the client.</summary>
    public InMemoryTransport Client { get; } = new();

    /// <summary>The end of the server.</summary>
    public InMemoryTransport Server { get; } = new();

    /// <summary>Moves bytes, ends and resets in both directions until none are left.</summary>
    public void Pump()
    {
        while (Move(Client, Server, ref _clientOutputEnded) | Move(Server, Client, ref _serverOutputEnded))
        {
        }
    }

    private static bool Move(InMemoryTransport from, InMemoryTransport to, ref bool ended)
    {
        byte[] bytes = from.TakeOutput();
        if (bytes.Length != 0)
        {
            to.Feed(bytes);
            return true;
        }

        bool ends = from.IsOutputEnded || from.IsClosed;
        if (ended || !ends)
        {
            return false;
        }

        ended = true;
        if (from.IsAborted)
        {
            to.Break(new IOException("The peer has reset the transport."));
        }
        else
        {
            to.EndInput();
        }

        return true;
    }
}
