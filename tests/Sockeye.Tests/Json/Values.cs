using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sockeye.Tests;

/// <summary>How the values are serialized that <see cref="JsonTests"/> sends.</summary>
[JsonSerializable(typeof(OrderValue))]
[JsonSerializable(typeof(HostileValue))]
[JsonSerializable(typeof(ReentrantValue))]
[JsonSerializable(typeof(ShapeValue))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class Values : JsonSerializerContext;

internal sealed record OrderValue(string Name, int Count);

internal sealed class HostileValue
{
    public string First { get; } = new('x', 100);

    public string Second => First.Length == 0 ? "" : throw new InvalidOperationException("from a getter");
}

internal sealed class ReentrantValue
{
    [JsonIgnore]
    public static Action? Inner { get; set; }

    public string Name
    {
        get
        {
            Inner?.Invoke();
            return field;
        }
    } = "outer";
}

[JsonPolymorphic]
[JsonDerivedType(typeof(CircleValue), "circle")]
internal abstract class ShapeValue;

internal sealed class CircleValue : ShapeValue
{
    public CircleValue(double radius)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(radius);
        Radius = radius;
    }

    public double Radius { get; }
}
