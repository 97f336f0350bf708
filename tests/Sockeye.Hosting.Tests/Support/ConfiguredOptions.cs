using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>
/// All that a configuration can set of a type of options, by reflection, so that a new option that is not read makes a test fail.
/// </summary>
internal static class ConfiguredOptions
{
    // What only code can set, and what has tests of its own.
    private static readonly Type[] NotConfigured = [typeof(Delegate), typeof(ILoggerFactory), typeof(TimeProvider)];
    private static readonly string[] TestedElsewhere =
        [nameof(WebSocketServerOptions.Tls), nameof(WebSocketServerOptions.EndPoints), nameof(WebSocketServerOptions.EndPoint)];

    // The first of these that an option accepts, and that it does not have already.
    private static readonly Dictionary<Type, object[]> Candidates = new()
    {
        [typeof(bool)] = [true, false],
        [typeof(int)] = [9, 7, 8, 1_001, 123],
        [typeof(long)] = [1_234L],
        [typeof(TimeSpan)] = [TimeSpan.FromSeconds(7)],
        [typeof(string)] = ["example.com"],
        [typeof(WebSocketCloseCode)] = [WebSocketCloseCode.InternalError],
        [typeof(IReadOnlyList<string>)] = [(string[])["https://example.com", "https://*.example.org"], (string[])["chat.v1", "chat.v2"]],
        [typeof(IReadOnlyList<IPNetwork>)] = [(IPNetwork[])[IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")]],
    };

    /// <summary>A value other than the default of each option, as JSON.</summary>
    /// <param name="type">The type of options.</param>
    public static JsonObject JsonOf(Type type)
    {
        var json = new JsonObject();
        foreach (PropertyInfo property in Configurable(type))
        {
            json.Add(property.Name, IsNested(property) ? JsonOf(TypeOf(property)) : JsonOf(OtherValue(property)));
        }

        return json;
    }

    /// <summary>Every option whose value is not that of <see cref="JsonOf(Type)"/>.</summary>
    public static IEnumerable<string> FindDifferences(object? options, Type type, string path = "")
    {
        foreach (PropertyInfo property in Configurable(type))
        {
            object? value = options is null ? null : property.GetValue(options);
            if (IsNested(property))
            {
                foreach (string difference in FindDifferences(value, TypeOf(property), path + property.Name + ":"))
                {
                    yield return difference;
                }
            }
            else if (Text(value) != Text(OtherValue(property)))
            {
                yield return $"{path}{property.Name} is {Text(value)}, not {Text(OtherValue(property))}";
            }
        }
    }

    /// <summary>The number of options, nested ones included.</summary>
    public static int Count(Type type) =>
        Configurable(type).Sum(property => IsNested(property) ? Count(TypeOf(property)) : 1);

    private static IEnumerable<PropertyInfo> Configurable(Type type) =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.SetMethod is { IsPublic: true }
            && !NotConfigured.Any(excluded => excluded.IsAssignableFrom(property.PropertyType))
            && !TestedElsewhere.Contains(property.Name)
        select property;

    private static Type TypeOf(PropertyInfo property) => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    private static bool IsNested(PropertyInfo property) => property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal);

    private static object OtherValue(PropertyInfo property)
    {
        Type type = TypeOf(property);
        object options = Activator.CreateInstance(property.ReflectedType!)!;
        string current = Text(property.GetValue(options));
        object[] candidates = Candidates.GetValueOrDefault(type)
            ?? (type.IsEnum ? [.. Enum.GetValues(type).Cast<object>()] : []);
        return candidates.FirstOrDefault(candidate => Text(candidate) != current && Accepts(property, options, candidate))
            ?? throw new InvalidOperationException($"How does a configuration set {property.ReflectedType!.Name}.{property.Name}?");
    }

    private static bool Accepts(PropertyInfo property, object options, object value)
    {
        try
        {
            property.SetValue(options, value);
            return true;
        }
        catch (TargetInvocationException exception) when (exception.InnerException is ArgumentException)
        {
            return false;
        }
    }

    private static JsonNode JsonOf(object value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        IEnumerable list and not string => new JsonArray([.. list.Cast<object>().Select(one => (JsonNode)Text(one))]),
        _ => Text(value),
    };

    private static string Text(object? value) => value is IEnumerable list and not string
        ? $"[{string.Join(", ", list.Cast<object>().Select(Text))}]"
        : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
