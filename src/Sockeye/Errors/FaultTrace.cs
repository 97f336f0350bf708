using System.Diagnostics;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// Writes an exception to <see cref="Trace"/> that was thrown by the method which should have handled another: no owner is left that
/// could report it, and the thread, which serves other connections too, must go on.
/// </summary>
internal static class FaultTrace
{
    /// <summary>Writes the exception. Never throws.</summary>
    public static void Write(Exception exception)
    {
        try
        {
            Trace.TraceError("Sockeye: an exception handler failed:{0}{1}", Environment.NewLine, PeerText.EscapeLines(exception.ToString()));
        }
        catch (Exception)
        {
            // A trace listener of the application threw, or the process cannot even load the type: nothing is left to try.
        }
    }
}
