using System.Reflection;
using Sockeye.Hosting;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>One rule for the names of public types.</summary>
public sealed class PublicNameTests
{
    private static readonly Type[] PublicTypes =
    [
        .. typeof(WebSocketConnection).Assembly.GetExportedTypes(), .. typeof(IWebSocketConnections).Assembly.GetExportedTypes(),
        .. typeof(WebSocketTestPair).Assembly.GetExportedTypes(),
    ];

    [Fact]
    public void A_public_type_name_begins_with_WebSocket_unless_it_is_nested_in_other_options()
    {
        HashSet<Type> parts = [.. PublicTypes.Where(IsOptions).SelectMany(options => options.GetProperties()).Select(PartOf)];

        // System.Net.WebSockets has a WebSocketException, and a file may use both namespaces.
        IEnumerable<Type> others = PublicTypes.Where(type =>
            !type.Name.StartsWith(type.IsInterface ? "IWebSocket" : "WebSocket", StringComparison.Ordinal)
            && !(IsOptions(type) && parts.Contains(type))
            && type != typeof(SockeyeException));

        Assert.Empty(others);
    }

    [Fact]
    public void No_public_type_name_is_also_in_System_Net_WebSockets()
    {
        HashSet<string> taken = [.. typeof(System.Net.WebSockets.WebSocket).Assembly.GetExportedTypes().Select(type => type.Name)];

        Assert.Contains("WebSocketException", taken);
        Assert.DoesNotContain(PublicTypes, type => taken.Contains(type.Name));
    }

    private static bool IsOptions(Type type) => type.Name.EndsWith("Options", StringComparison.Ordinal);

    private static Type PartOf(PropertyInfo property) => property.PropertyType;
}
