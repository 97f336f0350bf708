using Sockeye.Protocol;

namespace Sockeye;

/// <summary>The base of the exceptions of this library, apart from argument checks and cancellation.</summary>
/// <remarks>
/// <see cref="Exception.Message"/> and <see cref="ToString"/> are safe to log: text of a peer is escaped as in a C# string
/// literal, and truncated. Properties hold it as it was received.
/// </remarks>
public abstract class SockeyeException : Exception
{
    // Longer than the limit for a peer's text: the message of another exception has words of its own.
    private const int MaxMessageLength = 1024;

    private protected SockeyeException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Returns the text of <see cref="Exception.ToString"/>, with the messages of the causes escaped.</summary>
    public override string ToString()
    {
        string text = base.ToString();

        // The causes may be exceptions of other libraries: an HTTP client quotes a line that it could not parse.
        var causes = new Stack<Exception>();
        Push(causes, this);
        while (causes.TryPop(out Exception? cause))
        {
            string message = cause.Message;
            string shown = cause is SockeyeException ? message : Shown(message);
            if (shown != message)
            {
                text = text.Replace(message, shown, StringComparison.Ordinal);
            }

            Push(causes, cause);
        }

        return text;
    }

    /// <summary>Returns the message of an exception, made safe for a line of text.</summary>
    internal static string MessageOf(Exception exception) =>
        exception is SockeyeException ? exception.Message : Shown(exception.Message);

    /// <summary>Makes text that may have been escaped before safe for a line of text.</summary>
    private protected static string Shown(string text) =>
        text.Length <= MaxMessageLength && PeerText.IsPlain(text) ? text : PeerText.Escape(text, MaxMessageLength);

    private static void Push(Stack<Exception> causes, Exception exception)
    {
        if (exception is AggregateException { InnerExceptions: { } several })
        {
            foreach (Exception cause in several)
            {
                causes.Push(cause);
            }
        }
        else if (exception.InnerException is { } cause)
        {
            causes.Push(cause);
        }
    }
}
