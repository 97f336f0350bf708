using Microsoft.AspNetCore.Builder;

namespace Sockeye.Tests;

/// <summary>What accepts the WebSockets of an application: what is proven of one is proven of the other by the same test.</summary>
public enum Stack
{
    /// <summary>ASP.NET Core's own middleware and class: the test itself is right.</summary>
    Stock,

    /// <summary>Sockeye in its place.</summary>
    Sockeye,
}

/// <summary>Sets the stack up.</summary>
internal static class StackExtensions
{
    public static void Use(this IApplicationBuilder app, Stack stack, WebSocketOptions? options = null)
    {
        if (stack == Stack.Sockeye)
        {
            app.UseSockeyeWebSockets(options);
        }
        else if (options is null)
        {
            app.UseWebSockets();
        }
        else
        {
            app.UseWebSockets(options);
        }
    }
}
