using System.Collections;
using System.Net;
using System.Reflection;
using System.Xml.Linq;

namespace Sockeye.Tests;

/// <summary>The setters of everything that an application passes to the library, by reflection.</summary>
public sealed class OptionSettersTests
{
    private static readonly XElement Documentation =
        XDocument.Load(Path.ChangeExtension(typeof(WebSocketServer).Assembly.Location, ".xml")).Root!;

    // A valid list for each type of list that has an option.
    private static readonly Dictionary<Type, (IList List, object Other)> Lists = new()
    {
        [typeof(IReadOnlyList<string>)] = (new List<string> { "example.com" }, "other.example"),
        [typeof(IReadOnlyList<IPNetwork>)] = (new List<IPNetwork> { IPNetwork.Parse("10.0.0.0/8") }, IPNetwork.Parse("11.0.0.0/8")),
        [typeof(IReadOnlyList<WebSocketEndPoint>)] =
            (new List<WebSocketEndPoint> { new(IPEndPoint.Parse("127.0.0.1:80")) }, new WebSocketEndPoint(IPEndPoint.Parse("127.0.0.1:81"))),
        [typeof(IReadOnlyList<KeyValuePair<string, string>>)] =
            (new List<KeyValuePair<string, string>> { new("a", "1") }, new KeyValuePair<string, string>("b", "2")),
        [typeof(IReadOnlyList<WebSocketSetCookie>)] =
            (new List<WebSocketSetCookie> { new("a", "1") }, new WebSocketSetCookie("b", "2")),
    };

    public static TheoryData<string> NeverNull => [.. Setters().Where(IsNeverNull).Select(NameOf)];

    public static TheoryData<string> OfLists => [.. Setters().Where(IsList).Select(NameOf)];

    [Theory]
    [MemberData(nameof(NeverNull))]
    public void A_property_that_is_never_null_rejects_null_and_documents_that(string name)
    {
        PropertyInfo property = Find(name);

        ArgumentNullException thrown = Assert.Throws<ArgumentNullException>(() => Set(property, null));

        Assert.Equal(property.Name, thrown.ParamName);
        Assert.Contains(DocumentedExceptions(property), cref => cref is "T:System.ArgumentNullException");
    }

    [Theory]
    [MemberData(nameof(OfLists))]
    public void A_list_is_copied_when_it_is_set(string name)
    {
        PropertyInfo property = Find(name);
        (IList list, object other) = Lists[property.PropertyType];
        list = (IList)Activator.CreateInstance(list.GetType(), list)!;
        if (property.Name.EndsWith("Origins", StringComparison.Ordinal))
        {
            list[0] = "https://example.com";
        }

        object?[] before = [.. list.Cast<object?>()];
        object options = Set(property, list);
        list[0] = other;
        list.Add(other);

        Assert.Equal(before, ((IEnumerable)property.GetValue(options)!).Cast<object?>());
    }

    [Fact]
    public void A_setter_that_can_throw_documents_its_exception()
    {
        // Values that an option of the type rejects if it checks anything.
        Dictionary<Type, object?[]> extremes = new()
        {
            [typeof(int)] = [int.MinValue, int.MaxValue],
            [typeof(long)] = [long.MinValue],
            [typeof(TimeSpan)] = [TimeSpan.MinValue, TimeSpan.MaxValue, TimeSpan.Zero],
            [typeof(string)] = [null, "\r\n"],
            [typeof(IReadOnlyList<string>)] = [null, new[] { "\r\n" }],
        };

        string[] undocumented =
        [
            .. from property in Setters()
               let type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
               from value in type.IsEnum ? [Enum.ToObject(type, 12_345)] : extremes.GetValueOrDefault(type, [])
               where Throws(property, value) && !DocumentedExceptions(property).Any()
               select NameOf(property),
        ];

        Assert.Empty(undocumented.Distinct());
    }

    private static IEnumerable<PropertyInfo> Setters() =>
        from type in typeof(WebSocketServer).Assembly.GetExportedTypes()
        where type is { IsClass: true, IsAbstract: false } && type.GetMethod("<Clone>$") is not null
            && type.GetConstructor([]) is not null
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        where property.SetMethod is { IsPublic: true }
        select property;

    private static bool IsNeverNull(PropertyInfo property) =>
        !property.PropertyType.IsValueType && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.NotNull;

    private static bool IsList(PropertyInfo property) =>
        property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(IReadOnlyList<>);

    private static string NameOf(PropertyInfo property) => $"{property.DeclaringType!.Name}.{property.Name}";

    private static PropertyInfo Find(string name) => Setters().Single(property => NameOf(property) == name);

    private static object Set(PropertyInfo property, object? value)
    {
        object options = Activator.CreateInstance(property.DeclaringType!)!;
        property.SetValue(options, value, BindingFlags.DoNotWrapExceptions, binder: null, index: null, culture: null);
        return options;
    }

    private static bool Throws(PropertyInfo property, object? value)
    {
        try
        {
            Set(property, value);
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static IEnumerable<string?> DocumentedExceptions(PropertyInfo property) =>
        from member in Documentation.Descendants("member")
        where (string?)member.Attribute("name") == $"P:{property.DeclaringType!.FullName}.{property.Name}"
        from exception in member.Elements("exception")
        select (string?)exception.Attribute("cref");
}
