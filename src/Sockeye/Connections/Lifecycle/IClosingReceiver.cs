namespace Sockeye.Connections.Lifecycle;

/// <summary>What a <see cref="ClosingSequence"/> asks of the receiving side of its connection.</summary>
internal interface IClosingReceiver
{
    /// <summary>Whether reading waits for the application.</summary>
    bool IsReadingPaused { get; }

    /// <summary>How many messages, or fragments, were taken out of the inbox, as a count that may wrap.</summary>
    int TakenCount { get; }

    /// <summary>Whether messages wait only for the peer to take what it was sent.</summary>
    bool WaitsForPeer { get; }

    /// <summary>Whether the application is processing a message.</summary>
    bool HasMessageInHand { get; }

    /// <summary>Notes that the input is over, behind all that was delivered.</summary>
    /// <returns>
    /// Whether the application is done with what came before; if not, <see cref="ClosingSequence.ApplicationDone"/> is called when it
    /// is.
    /// </returns>
    bool TryNoteEnd();
}
