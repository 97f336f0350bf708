using System.Reflection;

namespace Sockeye.Tests;

/// <summary>How every option handles values that are missing or change after they were set.</summary>
public sealed class OptionValuesTests
{
    public static TheoryData<string, string> RequiredValues =>
    [
        .. from type in typeof(WebSocketServer).Assembly.GetExportedTypes()
           where type.IsClass && type.GetConstructor(Type.EmptyTypes) is not null
           from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
           where property.SetMethod is { IsPublic: true } && !property.PropertyType.IsValueType
               && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.NotNull
           select (type.Name, property.Name),
    ];

    [Theory]
    [MemberData(nameof(RequiredValues))]
    public void Null_throws_when_set_unless_it_has_a_meaning(string type, string property)
    {
        (object options, PropertyInfo option) = Find(type, property);
        if (type == nameof(WebSocketStopOptions) && property == nameof(WebSocketStopOptions.CloseReason))
        {
            option.SetValue(options, null);
            Assert.Equal("", option.GetValue(options));
            return;
        }

        Exception thrown = Assert.Throws<TargetInvocationException>(() => option.SetValue(options, null)).InnerException!;

        Assert.IsType<ArgumentException>(thrown, exactMatch: false);
        Assert.Equal(property, ((ArgumentException)thrown).ParamName, ignoreCase: true);
    }

    [Fact]
    public void A_list_is_copied_when_it_is_set()
    {
        foreach ((string type, string property) in RequiredValues.Select(row => row.Data))
        {
            (object options, PropertyInfo option) = Find(type, property);
            if (!option.PropertyType.IsGenericType || option.PropertyType.GetGenericTypeDefinition() != typeof(IReadOnlyList<>))
            {
                continue;
            }

            var list = (System.Collections.IList)Activator.CreateInstance(
                typeof(List<>).MakeGenericType(option.PropertyType.GetGenericArguments()))!;
            option.SetValue(options, list);
            list.Add(option.PropertyType.GetGenericArguments()[0] is { IsValueType: true } element
                ? Activator.CreateInstance(element)
                : null);

            Assert.Empty((System.Collections.IEnumerable)option.GetValue(options)!);
        }
    }

    private static (object Options, PropertyInfo Option) Find(string type, string property)
    {
        Type found = typeof(WebSocketServer).Assembly.GetExportedTypes().Single(one => one.Name == type);
        return (Activator.CreateInstance(found)!, found.GetProperty(property)!);
    }
}
