namespace Sockeye.Connections.Lifecycle;

/// <summary>What a <see cref="ClosingSequence"/> reports to the connection that owns it. Called outside of any lock.</summary>
internal interface IClosingOwner
{
    /// <summary>The result is final. Any thread, also one that is inside a call of the application.</summary>
    void OnReported();

    /// <summary>A registration of the application with the token of the beginning has thrown. The end goes on.</summary>
    void OnRegistrationFailed(Exception exception);

    /// <summary>No more pings are to be sent.</summary>
    void StopPings();

    /// <summary>The peer can stall no more: the transport is gone.</summary>
    void StopDeadlines();

    /// <summary>Reading has waited too long for the application: the connection is to read on to the peer's Close frame.</summary>
    /// <param name="waited">How long this end has been closing.</param>
    void ReadOn(TimeSpan waited);

    /// <summary>A deadline has thrown, which it should not.</summary>
    void OnFaulted(Exception exception);
}
