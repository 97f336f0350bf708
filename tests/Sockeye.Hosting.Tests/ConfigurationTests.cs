using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Sockeye.Tests;

/// <summary>Options from a configuration and from code.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public async Task Every_option_of_an_acceptor_is_read()
    {
        var json = new JsonObject { ["Sockeye"] = ConfiguredOptions.JsonOf(typeof(WebSocketAcceptorOptions)) };
        WebSocketAcceptorOptions? read = null;

        // All at once contradict each other, so the acceptor gets others.
        using IHost host = await Hosts.StartAsync(json.ToJsonString(), services => services.AddSockeye(options =>
        {
            read = options;
            return new WebSocketAcceptorOptions();
        }));

        Assert.Empty(ConfiguredOptions.FindDifferences(read, typeof(WebSocketAcceptorOptions)));
        Assert.InRange(ConfiguredOptions.Count(typeof(WebSocketAcceptorOptions)), 50, 500);
    }

    [Fact]
    public async Task Every_option_of_a_server_is_read()
    {
        JsonObject options = ConfiguredOptions.JsonOf(typeof(WebSocketServerOptions));
        options["EndPoint"] = "127.0.0.1:8081";
        var json = new JsonObject { ["Sockeye"] = new JsonObject { ["Servers"] = new JsonObject { ["chat"] = options } } };
        WebSocketServerOptions? read = null;

        using IHost host = await Hosts.StartAsync(json.ToJsonString(), services => services.AddSockeyeServer(
            "chat", Hosts.EchoAsync, options =>
            {
                read = options;
                return new WebSocketServerOptions { EndPoint = Hosts.Loopback };
            }));

        Assert.Empty(ConfiguredOptions.FindDifferences(read, typeof(WebSocketServerOptions)));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 8081), read!.EndPoint);
    }

    [Fact]
    public async Task Every_option_of_a_stop_is_read()
    {
        var json = new JsonObject
        {
            ["Sockeye"] = new JsonObject { ["Stop"] = ConfiguredOptions.JsonOf(typeof(WebSocketStopOptions)) },
        };
        WebSocketStopOptions? read = null;

        using IHost host = await Hosts.StartAsync(json.ToJsonString(), services => services.AddSockeye().ConfigureSockeyeStop(options =>
        {
            read = options;
            return new WebSocketStopOptions();
        }));

        Assert.Empty(ConfiguredOptions.FindDifferences(read, typeof(WebSocketStopOptions)));
    }

    [Fact]
    public async Task Options_that_the_configuration_does_not_have_keep_their_defaults()
    {
        WebSocketAcceptorOptions read = await ReadAsync("""{ "Sockeye": { "MaxConnections": 7, "Connection": { "CloseTimeout": "00:00:07" } } }""");

        Assert.Equal(7, read.MaxConnections);
        Assert.Equal(new WebSocketConnectionOptions { CloseTimeout = TimeSpan.FromSeconds(7) }, read.Connection);
        Assert.Equal(new WebSocketAcceptorOptions().HandshakeTimeout, read.HandshakeTimeout);
        Assert.Null(read.Compression);
    }

    [Theory]
    [InlineData("\"shared\"", "Shared")]
    [InlineData("\"Dedicated\"", "Dedicated")]
    [InlineData("\"Default\"", "Default")]
    [InlineData("\"Disabled\"", "Disabled")]
    [InlineData("{ \"Level\": 6 }", "Level")]
    [InlineData("null", "none")]
    [InlineData("{}", "none")]
    public async Task Compression_is_a_preset_or_an_object(string json, string expected)
    {
        WebSocketAcceptorOptions read = await ReadAsync($$"""{ "Sockeye": { "Compression": {{json}} } }""");

        Assert.Equal(
            expected switch
            {
                "Shared" => PerMessageDeflateOptions.Shared,
                "Dedicated" => PerMessageDeflateOptions.Dedicated,
                "Default" => PerMessageDeflateOptions.Default,
                "Disabled" => PerMessageDeflateOptions.Disabled,
                "Level" => new PerMessageDeflateOptions { Level = 6 },
                _ => null,
            },
            read.Compression);
    }

    [Fact]
    public async Task A_list_replaces_that_of_another_source_and_an_empty_text_unsets_a_limit()
    {
        WebSocketAcceptorOptions read = await ReadAsync(
            """
            {
              "Sockeye": {
                "AllowedOrigins": [],
                "TrustedProxies": ["192.0.2.1"],
                "MaxConnections": "",
                "Connection": { "KeepAlive": { "PingInterval": "Infinite" } }
              }
            }
            """);

        Assert.Empty(read.AllowedOrigins);
        Assert.Equal([IPNetwork.Parse("192.0.2.1/32")], read.TrustedProxies);
        Assert.Null(read.MaxConnections);
        Assert.Equal(Timeout.InfiniteTimeSpan, read.Connection.KeepAlive.PingInterval);
    }

    [Theory]
    [InlineData("""{ "MaxConections": 10 }""", "Sockeye:MaxConections is not an option")]
    [InlineData("""{ "Connection": { "Limits": { "MaxMesageLength": 1 } } }""", "Sockeye:Connection:Limits:MaxMesageLength is not an option")]
    [InlineData("""{ "OnUpgrade": "x" }""", "Sockeye:OnUpgrade is not an option")]
    [InlineData("""{ "MaxConnections": 0 }""", "Sockeye:MaxConnections is '0': Must be at least 1.")]
    [InlineData("""{ "MaxConnections": "many" }""", "Sockeye:MaxConnections is 'many': Must be a whole number.")]
    [InlineData("""{ "MaxConnections": 3000000000 }""", "Sockeye:MaxConnections is '3000000000', which is too large.")]
    [InlineData("""{ "MaxConnections": { "a": 1 } }""", "Sockeye:MaxConnections has nested keys")]
    [InlineData("""{ "Connection": "fast" }""", "Sockeye:Connection is 'fast', and must be an object")]
    [InlineData("""{ "Connection": { "KeepAlive": { "PingInterval": 30 } } }""", "Sockeye:Connection:KeepAlive:PingInterval is '30': Must be a time")]
    [InlineData("""{ "Connection": { "SendTimeout": "00:00:00" } }""", "Sockeye:Connection:SendTimeout is '00:00:00': Must be 1 second to a day")]
    [InlineData("""{ "Connection": { "Limits": { "MaxMessageLength": 4000000000 } } }""", "Sockeye:Connection is invalid: A MaxMessageLength of")]
    [InlineData("""{ "AllowedOrigins": ["example.com"] }""", "Sockeye:AllowedOrigins is invalid: 'example.com' is not an origin")]
    [InlineData("""{ "AllowedOrigins": "https://example.com" }""", "Sockeye:AllowedOrigins is 'https://example.com', and must be a list.")]
    [InlineData("""{ "TrustedProxies": ["10.0.0.0/33"] }""", "Sockeye:TrustedProxies:0 is '10.0.0.0/33': Must be an address, or a network")]
    [InlineData("""{ "ForwardedHeader": "Via" }""", "Sockeye:ForwardedHeader is 'Via': Must be one of XForwarded")]
    [InlineData("""{ "ForwardedHeader": 99 }""", "Sockeye:ForwardedHeader is '99': The value is not defined.")]
    [InlineData("""{ "AllowVersion8": "yes" }""", "Sockeye:AllowVersion8 is 'yes': Must be true or false.")]
    [InlineData("""{ "Compression": "Best" }""", "Sockeye:Compression is 'Best': Must be Default, Shared, Dedicated or Disabled")]
    [InlineData("""{ "Stop": { "DrainTimeout": "soon" } }""", "Sockeye:Stop:DrainTimeout is 'soon': Must be a time")]
    [InlineData("""{ "Stop": { "Drain": "00:00:01" } }""", "Sockeye:Stop:Drain is not an option")]
    [InlineData("""{ "Stop": { "CloseCode": 1005 } }""", "Sockeye:Stop:CloseCode is '1005':")]
    [InlineData("""{ "Stop": { "CloseReason": "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123" } }""", "Sockeye:Stop:CloseReason is '0123")]
    [InlineData("""{ "Stop": { "CloseCode": "", "CloseReason": "bye" } }""", "CloseReason for its stop, and no CloseCode")]
    [InlineData("""{ "RequireSubprotocol": true }""", "The options of Sockeye, with those that are set in code, are invalid: RequireSubprotocol")]
    [InlineData("""{ "Servers": { "chat": {} } }""", "Sockeye:Servers:chat has options of a server that is not registered")]
    public async Task A_section_with_an_error_fails_the_start_and_names_the_key(string section, string expected)
    {
        if (section.Contains("\"chat\": {}", StringComparison.Ordinal))
        {
            section = section.Replace("{}", """{ "EndPoint": "127.0.0.1:0" }""", StringComparison.Ordinal);
        }

        OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Hosts.StartAsync($$"""{ "Sockeye": {{section}} }""", services => services.AddSockeye()));

        Assert.Contains(expected, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_errors_of_a_section_are_reported_at_once()
    {
        OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => Hosts.StartAsync(
            """{ "Sockeye": { "Typo": 1, "AllowVersion8": 2, "HandshakeLimits": { "MaxHeadLength": 1 }, "Connection": { "Typo": 1 } } }""",
            services => services.AddSockeye()));

        Assert.Equal(4, thrown.Failures.Count());
    }

    [Fact]
    public async Task Methods_change_the_options_in_order_after_the_configuration()
    {
        WebSocketAcceptorOptions? last = null;
        using IHost host = await Hosts.StartAsync("""{ "Sockeye": { "MaxConnections": 1 } }""", services => services
            .AddSingleton<AddedLimit>()
            .AddSockeye(options => options with { MaxConnections = options.MaxConnections * 10 })
            .AddSockeye((provider, options) => options with
            {
                MaxConnections = options.MaxConnections + provider.GetRequiredService<AddedLimit>().Value,
            })
            .AddSockeye(options => last = options));

        Assert.Equal(13, last!.MaxConnections);
        Assert.Single(host.Services.GetServices<WebSocketAcceptor>());
    }

    [Fact]
    public async Task The_log_and_the_clock_are_those_of_the_services_unless_code_sets_others()
    {
        var time = new ManualTimeProvider();
        WebSocketAcceptorOptions? read = null;
        using IHost host = await Hosts.StartAsync(services => services
            .AddSingleton<TimeProvider>(time)
            .AddSockeye(options => read = options)
            .AddSockeye(options => options with { LoggerFactory = NullLoggerFactory.Instance }));

        Assert.Same(host.Services.GetRequiredService<ILoggerFactory>(), read!.LoggerFactory);
        Assert.Same(time, read.TimeProvider);
    }

    [Fact]
    public async Task Another_section_or_configuration_is_read_if_it_is_named()
    {
        WebSocketAcceptorOptions? read = null;
        using IHost named = await Hosts.StartAsync(
            """{ "Sockeye": { "MaxConnections": 1 }, "App": { "Sockets": { "MaxConnections": 2 } } }""",
            services => services.AddSockeye("App:Sockets", options => read = options).AddSockeye());
        Assert.Equal(2, read!.MaxConnections);

        IConfigurationRoot own = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["MaxConnections"] = "3" }).Build();
        using IHost passed = await Hosts.StartAsync(
            """{ "Sockeye": { "MaxConnections": 1 } }""", services => services.AddSockeye(own, options => read = options));
        Assert.Equal(3, read.MaxConnections);
    }

    [Fact]
    public async Task Services_without_a_configuration_have_the_defaults()
    {
        await using ServiceProvider services = new ServiceCollection().AddSockeye(options => options with { MaxConnections = 5 })
            .BuildServiceProvider();

        Assert.True(services.GetRequiredService<WebSocketAcceptor>().IsAccepting);
        Assert.Equal(0, services.GetRequiredService<Hosting.IWebSocketConnections>().Count);
    }

    [Fact]
    public async Task A_method_that_returns_null_or_options_of_a_server_fails_the_start()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Hosts.StartAsync(services => services.AddSockeye(_ => null!)));

        OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Hosts.StartAsync(services => services.AddSockeye(_ => new WebSocketServerOptions())));
        Assert.Contains("An acceptor does not listen", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_of_an_acceptor_without_an_acceptor_fail_the_start()
    {
        OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => Hosts.StartAsync(
            """{ "Sockeye": { "MaxConnections": 1, "Servers": { "chat": { "EndPoint": "127.0.0.1:0" } } } }""",
            services => services.AddSockeyeServer("chat", Hosts.EchoAsync)));

        Assert.Contains("Sockeye:MaxConnections has no effect without an acceptor", thrown.Message, StringComparison.Ordinal);
    }

    private static async Task<WebSocketAcceptorOptions> ReadAsync(string json)
    {
        WebSocketAcceptorOptions? read = null;
        using IHost host = await Hosts.StartAsync(json, services => services.AddSockeye(options => read = options));
        return read!;
    }

    private sealed class AddedLimit
    {
        public int Value { get; } = 3;
    }
}
