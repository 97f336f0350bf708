namespace Sockeye.Protocol;

/// <summary>An extension that one end offers or accepts (RFC 6455 §9.1).</summary>
/// <param name="Name">The name, a token.</param>
/// <param name="Parameters">The parameters in their order; a name may occur more than once.</param>
internal sealed record Extension(string Name, IReadOnlyList<ExtensionParameter> Parameters);

/// <summary>A parameter of an extension (RFC 6455 §9.1).</summary>
/// <param name="Name">The name, a token.</param>
/// <param name="Value">The value, a token without quotes, or <see langword="null"/> if there is none.</param>
internal readonly record struct ExtensionParameter(string Name, string? Value);
