namespace Sockeye.Protocol;

/// <summary>An extension that one end offers or accepts (RFC 6455 §9.1).</summary>
/// <param name="Name">Its name, a token.</param>
/// <param name="Parameters">Its parameters, in their order; a name may be there more than once.</param>
internal sealed record Extension(string Name, IReadOnlyList<ExtensionParameter> Parameters);

/// <summary>A parameter of an extension (RFC 6455 §9.1).</summary>
/// <param name="Name">Its name, a token.</param>
/// <param name="Value">Its value, a token, without quotes; <see langword="null"/> if it has none.</param>
internal readonly record struct ExtensionParameter(string Name, string? Value);
