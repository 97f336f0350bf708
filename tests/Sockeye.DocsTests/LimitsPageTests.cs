using System.Globalization;
using System.Reflection;

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

    private static IEnumerable<string> ExpectedRows()
    {
        (object? Server, object? Client)[] defaults =
        [
            (LimitOptions.Server, LimitOptions.Client),
            (KeepAliveOptions.Default, KeepAliveOptions.Default),
            (WebSocketConnectionOptions.Server, WebSocketConnectionOptions.Client),
            (PerMessageDeflateOptions.Default, PerMessageDeflateOptions.Default),
            (new WebSocketServerOptions(), null),
            (new HandshakeLimitOptions(), null),
            (EventLoopOptions.Default, null),
            (SocketOptions.Default, SocketOptions.Default),
            (null, new WebSocketClientOptions()),
            (null, new WebSocketReconnectOptions()),
        ];

        return
            from pair in defaults
            let type = (pair.Server ?? pair.Client)!.GetType()
            from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            where property.PropertyType.IsValueType
            select $"`{type.Name}.{property.Name}` | {Format(property, pair.Server)} | {Format(property, pair.Client)}";
    }

    private static string Format(PropertyInfo property, object? options) =>
        (options is null ? null : property.GetValue(options)) switch
        {
            null => "–",
            int count when property.Name is nameof(EventLoopOptions.Count) && count == Environment.ProcessorCount =>
                "processors",
            long when property.Name == nameof(LimitOptions.MaxBufferedMemory) => "a quarter",
            bool flag => flag ? "true" : "false",
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
