using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sockeye.Tests;

/// <summary>The public surface of an assembly as text that reads like its declarations, in an order that does not change.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static |
        BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Describe(Assembly assembly)
    {
        IEnumerable<string> blocks = assembly.GetExportedTypes()
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .Select(type => string.Join('\n', DescribeType(type)));
        string text = string.Join("\n\n", blocks);
        return text.Length == 0 ? "" : text + "\n";
    }

    /// <summary>The declaration of a type, then a line for each member that users see.</summary>
    public static IReadOnlyList<string> DescribeType(Type type)
    {
        if (type.IsEnum)
        {
            return [$"public enum {TypeNames.Full(type)}{UnderlyingType(type)}", .. type.GetEnumNames().Select(EnumMember)];
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return [$"public delegate {Returned(invoke)} {TypeNames.Full(type)}({Parameters(invoke)})"];
        }

        IEnumerable<string> members =
        [
            .. type.GetFields(Declared).Where(IsVisible).Select(Field).Order(StringComparer.Ordinal),
            .. type.GetConstructors(Declared).Where(IsPublicOrUseful).Select(Constructor).Order(StringComparer.Ordinal),
            .. type.GetProperties(Declared).Where(IsVisible).OrderBy(property => property.Name).Select(Property),
            .. type.GetEvents(Declared).Where(e => IsVisible(e.AddMethod!)).OrderBy(e => e.Name).Select(Event),
            .. type.GetMethods(Declared).Where(IsOrdinary).OrderBy(m => m.Name, StringComparer.Ordinal)
                .ThenBy(m => m.ToString(), StringComparer.Ordinal).Select(Method),
        ];
        return [TypeLine(type), .. members.Select(member => "    " + member)];

        string EnumMember(string name) =>
            $"    {name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}";
    }

    private static string UnderlyingType(Type type) =>
        Enum.GetUnderlyingType(type) == typeof(int) ? "" : " : " + TypeNames.Of(Enum.GetUnderlyingType(type));

    private static string TypeLine(Type type)
    {
        string kind = type switch
        {
            { IsInterface: true } => "interface",
            { IsValueType: true } => (Has<IsReadOnlyAttribute>(type) ? "readonly " : "")
                + (type.IsByRefLike ? "ref " : "") + (IsRecord(type) ? "record " : "") + "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            _ => (type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "")
                + (IsRecord(type) ? "record" : "class"),
        };
        Type[] inherited = type.BaseType?.GetInterfaces() ?? [];
        IEnumerable<string> bases = type.GetInterfaces()
            .Where(face => face.IsVisible && !inherited.Contains(face))
            .Select(TypeNames.Of)
            .Order(StringComparer.Ordinal);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases = bases.Prepend(TypeNames.Of(parent));
        }

        string baseList = string.Join(", ", bases);
        return $"public {kind} {TypeNames.Full(type)}{(baseList.Length == 0 ? "" : " : " + baseList)}"
            + TypeNames.Constraints(type.GetGenericArguments());
    }

    private static string Field(FieldInfo field) => field.IsLiteral
        ? $"{Access(field.IsPublic)}const {TypeNames.Of(field.FieldType)} {field.Name} = {Literal(field.GetRawConstantValue(), field.FieldType)}"
        : $"{Access(field.IsPublic)}{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}" +
            $"{TypeNames.Of(Nullability.Create(field))} {field.Name}";

    private static string Constructor(ConstructorInfo constructor) =>
        $"{Access(constructor.IsPublic)}{TypeNames.Simple(constructor.DeclaringType!)}({Parameters(constructor)})";

    private static string Property(PropertyInfo property)
    {
        MethodInfo leading = property.GetMethod is { } getter && IsVisible(getter) ? getter : property.SetMethod!;
        string accessors = string.Concat(
            property.GetMethod is { } get && IsVisible(get) ? "get; " : "",
            property.SetMethod is { } set && IsVisible(set) ? IsInit(set) ? "init; " : "set; " : "");
        ParameterInfo[] index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        string required = Has<RequiredMemberAttribute>(property) ? "required " : "";
        return $"{Access(leading.IsPublic)}{Modifiers(leading)}{required}{TypeNames.Of(Nullability.Create(property))} {name} {{ {accessors}}}";
    }

    private static string Event(EventInfo e) =>
        $"{Access(e.AddMethod!.IsPublic)}{Modifiers(e.AddMethod)}event {TypeNames.Of(Nullability.Create(e))} {e.Name}";

    private static string Method(MethodInfo method)
    {
        string generic = method.IsGenericMethod
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeNames.Of))}>"
            : "";
        string extension = Has<ExtensionAttribute>(method) ? "this " : "";
        return $"{Access(method.IsPublic)}{Modifiers(method)}{Returned(method)} {method.Name}{generic}"
            + $"({extension}{Parameters(method)}){TypeNames.Constraints(method.GetGenericArguments())}";
    }

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType!.IsInterface)
        {
            return method.IsStatic ? "static " : "";
        }

        bool overrides = method.GetBaseDefinition().DeclaringType != method.DeclaringType;
        return method switch
        {
            { IsStatic: true } => "static ",
            { IsAbstract: true } => overrides ? "abstract override " : "abstract ",
            { IsVirtual: true } when overrides => method.IsFinal ? "sealed override " : "override ",
            { IsVirtual: true, IsFinal: false } => "virtual ",
            _ => "",
        };
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Returned(MethodInfo method) => TypeNames.Of(Nullability.Create(method.ReturnParameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string passing = parameter switch
        {
            { IsOut: true } => "out ",
            { IsIn: true, ParameterType.IsByRef: true } => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.IsDefined(typeof(ParamArrayAttribute)) => "params ",
            _ => "",
        };
        string value = parameter.HasDefaultValue
            ? " = " + Literal(parameter.RawDefaultValue, parameter.ParameterType)
            : "";
        return $"{passing}{TypeNames.Of(Nullability.Create(parameter))} {parameter.Name}{value}";
    }

    private static string Literal(object? value, Type type)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => bare.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
            string text => $"\"{text}\"",
            bool flag => flag ? "true" : "false",
            _ when bare.IsEnum => $"{TypeNames.Of(bare)}.{Enum.GetName(bare, value) ?? value}",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    private static bool IsOrdinary(MethodInfo method) =>
        IsVisible(method)
        && !Has<CompilerGeneratedAttribute>(method)
        && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    /// <summary>A constructor for derived types matters only if the type can be derived from.</summary>
    private static bool IsPublicOrUseful(ConstructorInfo constructor) =>
        !constructor.IsStatic
        && !Has<CompilerGeneratedAttribute>(constructor)
        && (constructor.IsPublic || (constructor.IsFamily && constructor.GetParameters().Length > 0));

    private static bool IsVisible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    private static bool IsVisible(MethodInfo method) =>
        method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsVisible(PropertyInfo property) =>
        property.GetAccessors(nonPublic: true).Any(IsVisible) && property.Name != "EqualityContract";

    private static bool IsInit(MethodInfo setter) =>
        setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsRecord(Type type) =>
        type.GetMethod("PrintMembers", Declared) is { } print && Has<CompilerGeneratedAttribute>(print);

    private static bool Has<T>(MemberInfo member)
        where T : Attribute => member.IsDefined(typeof(T), inherit: false);

    private static string Access(bool isPublic) => isPublic ? "public " : "protected ";
}
