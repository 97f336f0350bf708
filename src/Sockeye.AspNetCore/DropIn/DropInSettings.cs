using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>What ASP.NET Core's options say about the behavior of a connection.</summary>
/// <param name="KeepAliveInterval">How often the peer is sent a sign of life; zero or infinite for never.</param>
/// <param name="KeepAliveTimeout">
/// How long the peer has to respond to a ping; zero or infinite to send unsolicited pongs, which need no response.
/// </param>
/// <param name="IsCompressed">Whether permessage-deflate was agreed on.</param>
internal readonly record struct DropInSettings(TimeSpan KeepAliveInterval, TimeSpan KeepAliveTimeout, bool IsCompressed)
{
    /// <summary>The settings of a request.</summary>
    /// <param name="options">The options of all requests.</param>
    /// <param name="context">What the application wants for this one.</param>
    /// <param name="isCompressed">Whether permessage-deflate was agreed on.</param>
    public static DropInSettings Of(WebSocketOptions options, WebSocketAcceptContext? context, bool isCompressed)
    {
#pragma warning disable CS0618 // Its KeepAliveInterval hides the one of its base class: old code sets it.
        TimeSpan? interval = (context as ExtendedWebSocketAcceptContext)?.KeepAliveInterval ?? context?.KeepAliveInterval;
#pragma warning restore CS0618
        return new(interval ?? options.KeepAliveInterval, context?.KeepAliveTimeout ?? options.KeepAliveTimeout, isCompressed);
    }

    /// <summary>The keep-alive of a connection.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The interval is negative.</exception>
    public KeepAliveOptions ToKeepAlive()
    {
        bool isOff = KeepAliveInterval == Timeout.InfiniteTimeSpan || KeepAliveInterval == TimeSpan.Zero;
        return isOff ? KeepAliveOptions.Disabled
            : KeepAliveInterval < TimeSpan.Zero ? throw new ArgumentOutOfRangeException(
                nameof(KeepAliveInterval), KeepAliveInterval, "Must be at least zero, or infinite.")
            : KeepAliveTimeout > TimeSpan.Zero ? KeepAliveOptions.Pings(KeepAliveInterval, KeepAliveTimeout)
            : KeepAliveOptions.Pongs(KeepAliveInterval);
    }
}
