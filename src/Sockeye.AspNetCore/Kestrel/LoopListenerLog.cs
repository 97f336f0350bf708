using System.Net;
using Microsoft.Extensions.Logging;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>The events of the transport.</summary>
internal static partial class LoopListenerLog
{
    /// <summary>Accepting has failed, and is tried again soon.</summary>
    [LoggerMessage(1, LogLevel.Error, "Connections cannot be accepted on {EndPoint} at the moment.")]
    public static partial void AcceptFailed(this ILogger logger, EndPoint endPoint, Exception exception);

    /// <summary>A registration with the token of a connection has thrown.</summary>
    [LoggerMessage(2, LogLevel.Error, "A callback at the end of connection {ConnectionId} threw an exception.")]
    public static partial void RegistrationThrew(this ILogger logger, string connectionId, Exception exception);
}
