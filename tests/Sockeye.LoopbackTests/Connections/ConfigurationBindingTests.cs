using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Sockeye.Tests;

/// <summary>
/// Options from a configuration: they have its values, and no other options object has. The binder writes into the objects that
/// it finds in properties, whether or not they were meant to be written to.
/// </summary>
public sealed class ConfigurationBindingTests
{
    private static readonly Dictionary<string, Func<Type, IConfiguration, object>> Ways = new()
    {
        ["Get"] = (type, configuration) => configuration.Get(type)!,
        ["Bind"] = (type, configuration) =>
        {
            object options = OptionsTypes.Create(type);
            configuration.Bind(options);
            return options;
        },
        ["IOptions"] = (type, configuration) => typeof(ConfigurationBindingTests)
            .GetMethod(nameof(FromServices), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(type).Invoke(null, [configuration])!,
    };

    public static TheoryData<string, string> TypesAndWays =>
        [.. from type in OptionsTypes.All from way in Ways.Keys select (type.Name, way)];

    public static TheoryData<string> Types => [.. OptionsTypes.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(TypesAndWays))]
    public void Binding_sets_the_configured_values_and_no_others(string name, string way)
    {
        Type type = OptionsTypes.All.Single(type => type.Name == name);
        Dictionary<string, string?> values = OptionsTypes.ConfigurationOf(type);
        object before = OptionsTypes.Create(type);
        string described = OptionsTypes.Describe(before);
        string defaults = OptionsTypes.DescribeDefaults();

        object bound = Ways[way](type, Configuration(values));

        Assert.NotEmpty(values);
        Assert.All(values, pair => Assert.Equal(pair.Value, OptionsTypes.Read(bound, pair.Key)));
        Assert.Equal(described, OptionsTypes.Describe(before));
        Assert.Equal(defaults, OptionsTypes.DescribeDefaults());
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Binding_a_copy_does_not_change_the_original_and_vice_versa(string name)
    {
        Type type = OptionsTypes.All.Single(type => type.Name == name);
        IConfiguration configuration = Configuration(OptionsTypes.ConfigurationOf(type));
        object original = OptionsTypes.Create(type);
        object copy = OptionsTypes.CopyOf(original);
        string described = OptionsTypes.Describe(original);

        configuration.Bind(copy);
        Assert.Equal(described, OptionsTypes.Describe(original));

        object second = OptionsTypes.CopyOf(original);
        configuration.Bind(original);
        Assert.Equal(described, OptionsTypes.Describe(second));
        Assert.NotEqual(described, OptionsTypes.Describe(original));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Options_cannot_be_changed_through_objects_they_were_passed_to(string name)
    {
        Type type = OptionsTypes.All.Single(type => type.Name == name);
        foreach (System.Reflection.PropertyInfo property in OptionsTypes.NestedIn(type))
        {
            IConfiguration values = Configuration(OptionsTypes.ConfigurationOf(property.PropertyType));
            object nested = OptionsTypes.Create(property.PropertyType);
            string described = OptionsTypes.Describe(nested);
            object outer = OptionsTypes.Create(type);
            property.SetValue(outer, nested);

            Configuration(OptionsTypes.ConfigurationOf(type)).Bind(outer);
            Assert.Equal(described, OptionsTypes.Describe(nested));

            object other = OptionsTypes.Create(type);
            property.SetValue(other, nested);
            values.Bind(nested);
            Assert.Equal(described, OptionsTypes.Describe(property.GetValue(other)!));

            values.Bind(property.GetValue(other));
            Assert.Equal(described, OptionsTypes.Describe(property.GetValue(other)!));
        }
    }

    [Fact]
    public void Servers_do_not_share_an_address()
    {
        var options = new WebSocketServerOptions();
        WebSocketServerOptions copy = options with { Backlog = 10 };

        Configuration(new() { ["EndPoint:Port"] = "1234" }).Bind(options);

        Assert.Equal(1234, ((System.Net.IPEndPoint)options.EndPoint).Port);
        Assert.Equal(0, ((System.Net.IPEndPoint)copy.EndPoint).Port);
        Assert.Equal(0, ((System.Net.IPEndPoint)new WebSocketServerOptions().EndPoint).Port);
    }

    [Theory]
    [InlineData("Get")]
    [InlineData("Bind")]
    [InlineData("IOptions")]
    public async Task A_configured_limit_applies_only_to_its_server(string way)
    {
        await using WebSocketServer before = await WebSocketServer.StartAsync(0, new EchoHandler());
        var bound = (WebSocketServerOptions)Ways[way](
            typeof(WebSocketServerOptions),
            Configuration(new()
            {
                ["Connection:Limits:MaxMessageLength"] = "1000",
                ["Connection:KeepAlive:PingInterval"] = "00:00:05",
                ["AllowedOrigins:0"] = "https://example.com",
            }));
        await using WebSocketServer limited = await WebSocketServer.StartAsync(bound, new EchoHandler());
        await using WebSocketServer after = await WebSocketServer.StartAsync(0, new EchoHandler());

        Assert.Equal(["https://example.com"], bound.AllowedOrigins);
        Assert.Equal(TimeSpan.FromSeconds(5), bound.Connection.KeepAlive.PingInterval);
        foreach (WebSocketServer server in new[] { before, after })
        {
            await using WebSocketConnection other = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
            await other.SendAsync(new byte[1_001]);
            Assert.Equal(1_001, (await other.ReceiveMessageAsync().WithDeadline()).Payload.Length);
        }

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://localhost:{limited.Port}/");
        await client.SendAsync(new byte[1_000]);
        Assert.Equal(1_000, (await client.ReceiveMessageAsync().WithDeadline()).Payload.Length);
        await client.SendAsync(new byte[1_001]);
        Assert.Null(await client.ReceiveAsync().WithDeadline());
        Assert.Equal(WebSocketCloseCode.MessageTooBig, (await client.Closed.WithDeadline()).Code);
    }

    private static object FromServices<T>(IConfiguration configuration)
        where T : class =>
        new ServiceCollection().Configure<T>(configuration).BuildServiceProvider().GetRequiredService<IOptions<T>>().Value;

    private static IConfigurationRoot Configuration(Dictionary<string, string?> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build();
}
