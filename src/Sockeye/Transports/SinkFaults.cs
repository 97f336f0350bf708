using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>Tells a sink of what it, or what is below its transport, should not have thrown.</summary>
internal static class SinkFaults
{
    /// <summary>Calls <see cref="ITransportSink.OnClosed"/>. Never throws.</summary>
    public static void TellClosed(this ITransportSink sink, Exception? error)
    {
        try
        {
            sink.OnClosed(error);
        }
        catch (Exception exception)
        {
            sink.TellIfUnexpected(exception);
        }
    }

    /// <summary>Tells the sink, unless the connection was merely lost, which every sink expects. Never throws.</summary>
    public static void TellIfUnexpected(this ITransportSink sink, Exception exception)
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
