using System.Net;

namespace Sockeye.Client;

/// <summary>Reads and stores the cookies of a client (RFC 6265).</summary>
internal static class ClientCookies
{
    /// <summary>Returns the value of the Cookie header; empty if there are no cookies for the address.</summary>
    public static string For(CookieContainer? cookies, ClientAddress address) =>
        cookies?.GetCookieHeader(address.Http) ?? "";

    /// <summary>Stores the cookies that a server set.</summary>
    public static void Store(
        CookieContainer? cookies, ClientAddress address, WebSocketHeaders headers)
    {
        if (cookies is null)
        {
            return;
        }

        foreach (string value in headers.GetValues("Set-Cookie"))
        {
            Store(cookies, address.Http, value);
        }
    }

    private static void Store(CookieContainer cookies, Uri address, string value)
    {
        try
        {
            cookies.SetCookies(address, value);
        }
        catch (CookieException)
        {
            // RFC 6265 §5.2: a cookie that cannot be parsed, or is for another host, is ignored in its entirety.
        }
    }
}
