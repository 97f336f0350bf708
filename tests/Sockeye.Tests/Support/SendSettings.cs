using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>The settings of a connection that its send side needs.</summary>
internal static class SendSettings
{
    public static ConnectionSettings Of(
        Role role, ArrayPool<byte> pool, int limit = 1024, MessageCodecs? codecs = null, ManualTimeProvider? time = null)
    {
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = limit },
        };
        return new ConnectionSettings(
            role, options, new DeadlineWheel(time ?? new ManualTimeProvider()), NullLogger.Instance, pool)
        {
            Codecs = codecs,
        };
    }
}
