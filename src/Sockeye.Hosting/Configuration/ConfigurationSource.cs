using Microsoft.Extensions.Configuration;

namespace Sockeye.Hosting.Configuration;

/// <summary>Where an application has its options: a section by its name, or a configuration.</summary>
internal sealed record ConfigurationSource(string? SectionName, IConfiguration? Configuration);
