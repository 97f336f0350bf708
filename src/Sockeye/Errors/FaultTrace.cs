using System.Diagnostics;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// Writes to <see cref="Trace"/> an exception that was thrown while another was handled: nothing else can report it, and the
/// thread, which serves other connections too, must continue.
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
            // A trace listener of the application threw, or the process cannot load the type: there is nowhere left to report.
        }
    }
}
