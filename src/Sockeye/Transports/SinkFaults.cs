using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>Reports exceptions that a sink, or the stream below its transport, should not have thrown.</summary>
internal static class SinkFaults
{
    /// <summary>Calls <see cref="ITransportSink.OnClosed"/>. Never throws.</summary>
    public static void NotifyClosed(this ITransportSink sink, Exception? error)
    {
        try
        {
            sink.OnClosed(error);
        }
        catch (Exception exception)
        {
            sink.NotifyIfUnexpected(exception);
        }
    }

    /// <summary>
    /// Reports an exception to the sink, unless it only means that the connection was lost, which every sink expects. Never
    /// throws.
    /// </summary>
    public static void NotifyIfUnexpected(this ITransportSink sink, Exception exception)
    {
        if (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return;
        }

        try
        {
            sink.OnFaulted(exception);
        }
        catch (Exception second)
        {
            FaultTrace.Write(exception);
            FaultTrace.Write(second);
        }
    }
}
