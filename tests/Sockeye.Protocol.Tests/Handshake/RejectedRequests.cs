namespace Sockeye.Protocol.Tests;

/// <summary>Every request that a server rejects before its application is called.</summary>
internal static class RejectedRequests
{
    public static IEnumerable<HandshakeCase> All => [.. MalformedHeads.All, .. MalformedRequests.All, .. RejectedOrigins.All];
}
