using System.Text.Json.Serialization;

namespace Sockeye.Tests;

// snippet: json types
public sealed record ChatLine(string Author, string Text);

[JsonSerializable(typeof(ChatLine))]
public sealed partial class ChatJson : JsonSerializerContext;
// end snippet
