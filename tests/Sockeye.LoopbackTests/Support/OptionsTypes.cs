using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Sockeye.Tests;

/// <summary>The public options types of the library, by reflection: what a configuration can set, and what they hold.</summary>
internal static class OptionsTypes
{
    // The first of these that an option accepts, and that it does not have already.
    private static readonly Dictionary<Type, object[]> Candidates = new()
    {
        [typeof(bool)] = [true, false],
        [typeof(int)] = [9, 7, 8, 1_001, 123],
        [typeof(long)] = [1_234L],
        [typeof(TimeSpan)] = [TimeSpan.FromSeconds(7)],
        [typeof(string)] = ["example.com"],
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Type> All { get; } =
    [
        .. typeof(WebSocketServer).Assembly.GetExportedTypes()
            .Where(type => type.IsClass && type.Name.EndsWith("Options", StringComparison.Ordinal))
            .OrderBy(type => type.Name, StringComparer.Ordinal),
    ];

    public static object Create(Type type) => Activator.CreateInstance(type)!;

    /// <summary>What <c>options with { }</c> makes.</summary>
    public static object CopyOf(object options) =>
        options.GetType().GetMethod("<Clone>$", BindingFlags.Public | BindingFlags.Instance)!.Invoke(options, null)!;

    /// <summary>The options among an options object's properties.</summary>
    public static IEnumerable<PropertyInfo> NestedIn(Type type) => Settable(type).Where(property => All.Contains(property.PropertyType));

    /// <summary>A value other than the default for each setting, under the key that a configuration has for it.</summary>
    public static Dictionary<string, string?> ConfigurationOf(Type type, string prefix = "")
    {
        Dictionary<string, string?> configuration = [];
        foreach (PropertyInfo property in Settable(type))
        {
            string key = prefix + property.Name;
            if (All.Contains(property.PropertyType))
            {
                foreach ((string nested, string? value) in ConfigurationOf(property.PropertyType, key + ":"))
                {
                    configuration.Add(nested, value);
                }
            }
            else if (OtherValue(property, Create(type)) is { } other)
            {
                configuration.Add(key, Text(other));
            }
        }

        return configuration;
    }

    /// <summary>The value of an option under a configuration key.</summary>
    public static string? Read(object options, string key)
    {
        object? value = options;
        foreach (string name in key.Split(':'))
        {
            value = value!.GetType().GetProperty(name)!.GetValue(value);
        }

        return value is null ? null : Text(value);
    }

    /// <summary>All that the options hold, nested ones included, as a text that can be compared.</summary>
    public static string Describe(object options) => string.Join('\n', Lines(options, ""));

    /// <summary>The presets, and a new object of each type.</summary>
    public static string DescribeDefaults() => string.Join('\n', All.SelectMany(type =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Static).Select(preset => preset.GetValue(null)!)
            .Append(Create(type)).Select(options => $"{type.Name}\n{Describe(options)}")));

    private static IEnumerable<string> Lines(object options, string prefix)
    {
        foreach (PropertyInfo property in Settable(options.GetType()))
        {
            object? value = property.GetValue(options);
            if (value is not null && All.Contains(property.PropertyType))
            {
                foreach (string line in Lines(value, prefix + property.Name + ":"))
                {
                    yield return line;
                }
            }
            else
            {
                yield return $"{prefix}{property.Name} = {(value is IEnumerable and not string ? "a list" : value)}";
            }
        }
    }

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true });

    private static object? OtherValue(PropertyInfo property, object options)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        object[] candidates = type.IsEnum
            ? [.. Enum.GetValues(type).Cast<object>()]
            : Candidates.GetValueOrDefault(type, []);
        object? current = property.GetValue(options);
        return candidates.FirstOrDefault(candidate => !candidate.Equals(current) && Accepts(property, options, candidate));
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

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
