using System.Net;

namespace Sockeye.Client;

/// <summary>The cookies that a client sends, and is given (RFC 6265).</summary>
internal static class ClientCookies
{
    /// <summary>The value of the Cookie header; empty if there are none for the address.</summary>
    public static string For(CookieContainer? cookies, ClientAddress address) =>
        cookies?.GetCookieHeader(address.Http) ?? "";

    /// <summary>Keeps what a server has set.</summary>
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
            // RFC 6265 §5.2: a cookie that cannot be read, or is for another host, is ignored in its entirety.
        }
    }
}
