using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Hosting.Services;

/// <summary>What endpoints of ASP.NET Core need besides the acceptor, if the application has the package <c>Sockeye.AspNetCore</c>.</summary>
/// <remarks>
/// Found by name: <c>AddSockeye</c> is the same in a worker and in a web application, and this package does not know that one. The trimmer
/// understands a constant name.
/// </remarks>
internal static class AspNetCoreServices
{
    private static readonly MethodInfo? Add =
        Type.GetType("Sockeye.AspNetCore.Endpoints.EndpointServices, Sockeye.AspNetCore", throwOnError: false)
            ?.GetMethod("AddSockeyeEndpoints", BindingFlags.Static | BindingFlags.Public);

    /// <summary>Adds them.</summary>
    public static void AddTo(IServiceCollection services) => Add?.Invoke(null, [services]);
}
