namespace Sockeye.Protocol.Tests;

/// <summary>Every request that a server refuses before its application is asked.</summary>
internal static class RefusedRequests
{
    public static IEnumerable<HandshakeCase> All => [.. MalformedHeads.All, .. MalformedRequests.All, .. RefusedOrigins.All];
}
