using System.Globalization;
using System.Reflection;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Testing;

namespace Sockeye.Tests;

public sealed class LimitsPageTests
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    [Fact]
    public void Every_option_has_a_row_with_its_defaults()
    {
        string[][] rows = [.. MarkdownPage.Read("docs/reference/limits-and-defaults.md").TableRows()];

        Assert.Equal(
            ExpectedRows().Order(StringComparer.Ordinal),
            rows.Where(cells => cells[0].StartsWith('`'))
                .Select(cells => string.Join(" | ", cells[..3]))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Options_with_a_default_for_each_role_are_null_until_they_are_set()
    {
        string[] names = [.. typeof(RoleDefaults).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name)];
        object[] all = [new LimitOptions(), new WebSocketConnectionOptions(), new WebSocketServerOptions(), new WebSocketClientOptions()];

        string[] nullable =
        [
            .. from options in all
               from property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where names.Contains(property.Name) && property.GetValue(options) is null
               select $"{options.GetType().Name}.{property.Name}",
        ];

        Assert.Equal(
            [
                "LimitOptions.MaxMessageLength", "WebSocketConnectionOptions.PauseReceivingWhenSendBufferIsFull",
                "WebSocketServerOptions.Compression", "WebSocketClientOptions.Compression",
            ],
            nullable);
    }

    private static IEnumerable<string> ExpectedRows()
    {
        (object Options, bool IsOfServers, bool IsOfClients)[] all =
        [
            (new LimitOptions(), true, true),
            (new ReceiveRateOptions(), true, true),
            (new KeepAliveOptions(), true, true),
            (new SlowConsumerOptions(), true, true),
            (new WebSocketConnectionOptions(), true, true),
            (new PerMessageDeflateOptions(), true, true),
            (new WebSocketAcceptorOptions(), true, false),
            (new WebSocketServerOptions(), true, false),
            (new HandshakeLimitOptions(), true, false),
            (new EventLoopOptions(), true, false),
            (new SocketOptions(), true, true),
            (new WebSocketClientOptions(), false, true),
            (new WebSocketReconnectOptions(), false, true),
            (new WebSocketTestPairOptions(), true, true),
            (new WebSocketTestNetworkOptions(), true, true),
            (new WebSocketTestLinkOptions(), true, true),
        ];

        return
            from type in all
            from property in type.Options.GetType().GetProperties(
                BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            where property.PropertyType.IsValueType
            let server = type.IsOfServers ? Format(property, DefaultOf(property, type.Options, Role.Server)) : "–"
            let client = type.IsOfClients ? Format(property, DefaultOf(property, type.Options, Role.Client)) : "–"
            select $"`{type.Options.GetType().Name}.{property.Name}` | {server} | {client}";
    }

    // An option that is not set takes the default of the role, if there is one for that option.
    private static object? DefaultOf(PropertyInfo property, object options, Role role) =>
        property.GetValue(options) ?? typeof(RoleDefaults).GetProperty(property.Name)?.GetValue(RoleDefaults.For(role));

    private static string Format(PropertyInfo property, object? value) =>
        value switch
        {
            null => "–",
            int count when property.Name is nameof(EventLoopOptions.Count) && count == Environment.ProcessorCount =>
                "processors",
            long when property.Name == nameof(LimitOptions.MaxBufferedLength) => "a quarter",
            bool flag => flag ? "true" : "false",
            TimeSpan time when time == Timeout.InfiniteTimeSpan => "–",
            TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
            IConvertible number when property.Name.EndsWith("Length", StringComparison.Ordinal)
                || property.Name.EndsWith("Size", StringComparison.Ordinal) =>
                Bytes(number.ToInt64(CultureInfo.InvariantCulture)),
            object other => Convert.ToString(other, CultureInfo.InvariantCulture)!,
        };

    private static string Bytes(long length) => length switch
    {
        0 => "0 bytes",
        _ when length % MiB == 0 => $"{length / MiB} MiB",
        _ when length % KiB == 0 => $"{length / KiB} KiB",
        _ => $"{length} bytes",
    };
}
