namespace Sockeye;

/// <summary>The base of what this library throws, apart from argument checks and cancellation.</summary>
public abstract class SockeyeException : Exception
{
    private protected SockeyeException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
