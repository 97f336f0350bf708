namespace Sockeye.AspNetCore.Endpoints;

/// <summary>A rule about origins, as metadata of an endpoint.</summary>
/// <param name="Source">What it was added to: an endpoint, or a group.</param>
/// <param name="Origins">The origins that it allows; <see langword="null"/> for all.</param>
internal sealed record OriginRule(object Source, IReadOnlyList<string>? Origins);
