namespace Sockeye.Tests;

/// <summary>How the application at the endpoint under test receives messages.</summary>
public enum TestedFace
{
    /// <summary>A handler is called with each message, in place.</summary>
    Handler,

    /// <summary>The application calls receive for each message.</summary>
    Pull,
}
