namespace Sockeye.Protocol;

/// <summary>Which close codes may stand in a Close frame (RFC 6455 §7.4).</summary>
internal static class CloseCodes
{
    /// <summary>Whether a Close frame may carry the code.</summary>
    /// <remarks>
    /// §7.4.1: 1004 is reserved, and 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control frame".
    /// §7.4.2: 0 to 999 are not used, 1016 to 2999 belong to the protocol and mean nothing yet. 1012 to 1014 were
    /// registered with IANA later.
    /// </remarks>
    public static bool MayBeSent(int code) =>
        code is >= 1000 and <= 1003 or >= 1007 and <= 1014 or >= 3000 and <= 4999;
}
