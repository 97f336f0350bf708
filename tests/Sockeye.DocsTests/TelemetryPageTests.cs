using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;
using Sockeye.Telemetry;

namespace Sockeye.Tests;

/// <summary>The page about telemetry has each instrument and attribute, as they are measured.</summary>
[CollectionDefinition(nameof(TelemetryPageTests), DisableParallelization = true)] // The metrics are those of the whole process.
[Collection(nameof(TelemetryPageTests))]
public sealed class TelemetryPageTests
{
    private static readonly string[] OfAll = [TelemetryTags.Role, TelemetryTags.Scheme, TelemetryTags.Transport, TelemetryTags.Route];

    [Fact]
    public async Task The_table_of_instruments_has_their_names_types_units_and_attributes()
    {
        using var metrics = new RecordedMetrics();
        await MeasureAllAsync();

        string[] rows = [.. MarkdownPage.Read("docs/reference/telemetry.md").TableRows()
            .Where(cells => cells.Length == 5 && cells[0].StartsWith('`'))
            .Select(cells => string.Join(" | ", cells[..4]))];
        string[] measured = [.. metrics.Instruments.Values.Select(instrument => RowOf(instrument, metrics.TagNames(instrument.Name)))];

        Assert.Equal(measured.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_page_names_every_attribute()
    {
        string text = File.ReadAllText(Path.Combine(RepositoryTree.Root, "docs/reference/telemetry.md"));

        Assert.All(
            typeof(TelemetryTags).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetValue(null)!),
            name => Assert.Contains($"`{name}`", text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_queries_use_instruments_that_exist()
    {
        using var metrics = new RecordedMetrics();
        string[] names = [.. metrics.Instruments.Values.SelectMany(ExportedNames)];
        string[] used = [.. MarkdownPage.Read("docs/how-to/observe.md").CodeBlocks
            .SelectMany(block => block.Text.Split(' ', '(', ')', '{', '[', ',', '\n'))
            .Where(word => word.StartsWith("sockeye_", StringComparison.Ordinal) && !word.Contains('='))
            .Distinct()];
        string[] attributes = ["sockeye_close_code", "sockeye_close_initiator", "sockeye_message_kind", "sockeye_drop_reason"];

        Assert.Empty(used.Except(names).Except(attributes));
        Assert.All(
            metrics.Instruments.Values, instrument => Assert.NotEmpty(used.Intersect(ExportedNames(instrument))));
    }

    private static string RowOf(Instrument instrument, string[] tags)
    {
        string own = string.Join(", ", tags.Except(OfAll).Order(StringComparer.Ordinal).Select(tag => $"`{tag}`"));
        return $"`{instrument.Name}` | {TypeOf(instrument)} | `{instrument.Unit}` | {(own.Length == 0 ? "–" : own)}";
    }

    private static string TypeOf(Instrument instrument) => instrument switch
    {
        ObservableCounter<long> => "counter",
        ObservableUpDownCounter<long> => "up-down counter",
        Histogram<double> => "histogram",
        _ => instrument.GetType().Name,
    };

    // As the specification of OpenTelemetry for Prometheus makes them; a unit in braces is an annotation, and left out.
    private static string[] ExportedNames(Instrument instrument)
    {
        string unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        string name = instrument.Name.Replace('.', '_') + unit;
        return instrument switch
        {
            ObservableCounter<long> => [name + "_total"],
            Histogram<double> => [name + "_bucket", name + "_count", name + "_sum"],
            _ => [name],
        };
    }

    private static async Task MeasureAllAsync()
    {
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var server = new WebSocketServer(options, new WebSocketRoutes().Map("/here", new Echo()));
        await server.StartAsync();
        await using (WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/here"))
        {
            await client.PingAsync();
            await client.SendAsync("hello");
            await client.ReceiveAsync();
            client.Abort();
        }

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/elsewhere"));
        await server.StopAsync();
    }
}
