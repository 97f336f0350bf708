namespace Sockeye.Tests;

/// <summary>How the application at the endpoint under test receives.</summary>
public enum TestedFace
{
    /// <summary>It is called with each message, in place.</summary>
    Handler,

    /// <summary>It asks for one message after another.</summary>
    Pull,
}
