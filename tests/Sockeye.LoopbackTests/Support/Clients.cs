using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Clients that many tests need.</summary>
internal static class Clients
{
    /// <summary>All kinds that there are here.</summary>
    public static ClientKind[] Kinds =>
        [.. Enum.GetValues<ClientKind>().Where(kind => kind != ClientKind.EventLoop || EventLoop.IsSupported)];

    public static bool UsesEventLoop(this ClientKind kind) => kind == ClientKind.EventLoop;

    /// <summary>The options of a kind of client; a test with more to set takes the part above.</summary>
    public static WebSocketClientOptions Options(this ClientKind kind) => new() { UseEventLoop = kind.UsesEventLoop() };
}
