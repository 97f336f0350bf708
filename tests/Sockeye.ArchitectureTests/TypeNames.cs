using System.Reflection;

namespace Sockeye.Tests;

/// <summary>The names of types as C# writes them, with the namespace where it is not this library's.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    };

    public static string Of(Type type)
    {
        if (Keywords.TryGetValue(type, out string? keyword))
        {
            return keyword;
        }

        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (type.IsByRef)
        {
            return Of(type.GetElementType()!);
        }

        if (type.IsPointer)
        {
            return Of(type.GetElementType()!) + "*";
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying) + "?";
        }

        string arguments = type.IsGenericType
            ? $"<{string.Join(", ", type.GetGenericArguments().Select(Of))}>"
            : "";
        return Prefix(type) + Simple(type) + arguments;
    }

    /// <summary>The same with a question mark behind each reference that may be null.</summary>
    public static string Of(NullabilityInfo info)
    {
        Type type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        string mark = !type.IsValueType && info.ReadState == NullabilityState.Nullable ? "?" : "";
        if (info.ElementType is { } element && type.IsArray)
        {
            return $"{Of(element)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (info.GenericTypeArguments.Length == 0 || Nullable.GetUnderlyingType(type) is not null)
        {
            return Of(type) + mark;
        }

        return $"{Prefix(type)}{Simple(type)}<{string.Join(", ", info.GenericTypeArguments.Select(Of))}>{mark}";
    }

    /// <summary>The name with its namespace, whatever that is.</summary>
    public static string Full(Type type) => type.Namespace is null || Prefix(type).Length > 0 ? Of(type) : $"{type.Namespace}.{Of(type)}";

    /// <summary>The name alone: no namespace, no type parameters.</summary>
    public static string Simple(Type type) => type.Name.Split('`')[0];

    /// <summary>What type parameters must be, as <c>where</c> clauses.</summary>
    public static string Constraints(IEnumerable<Type> arguments) =>
        string.Concat(arguments.Where(argument => argument.IsGenericParameter).Select(Constraint));

    private static string Prefix(Type type) =>
        type.IsGenericParameter || type.Namespace is null or "Sockeye" or "Sockeye.Tests" ? "" : type.Namespace + ".";

    private static string Constraint(Type parameter)
    {
        GenericParameterAttributes flags = parameter.GenericParameterAttributes;
        bool isStruct = flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        List<string> parts = [];
        if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            parts.Add("class");
        }

        if (isStruct)
        {
            parts.Add("struct");
        }

        parts.AddRange(parameter.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(Of));
        if (!isStruct && flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
        {
            parts.Add("new()");
        }

        return parts.Count == 0 ? "" : $" where {Of(parameter)} : {string.Join(", ", parts)}";
    }
}
