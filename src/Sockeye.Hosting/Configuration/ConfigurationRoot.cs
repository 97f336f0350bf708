using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sockeye.Hosting.Services;

namespace Sockeye.Hosting.Configuration;

/// <summary>The section of an application's configuration that has the options, with the sections of stops and servers in it.</summary>
/// <param name="services">The services of the application.</param>
internal sealed class ConfigurationRoot(IServiceProvider services)
{
    /// <summary>The name of the section, unless the application chooses another.</summary>
    public const string DefaultSectionName = "Sockeye";

    private const string StopKey = "Stop";
    private const string ServersKey = "Servers";

    // Null if the application has no configuration.
    private readonly IConfiguration? _root = Find(services);

    /// <summary>Reads the options of the acceptor.</summary>
    /// <exception cref="OptionsValidationException">A value is invalid, or a key is not an option.</exception>
    public WebSocketAcceptorOptions ReadAcceptor(WebSocketAcceptorOptions current) => Read(
        Options.DefaultName, _root, current, section =>
        {
            section.Ignore(StopKey);
            section.Ignore(ServersKey);
            return ServerSections.Read(section, current);
        });

    /// <summary>Reads the options of a server.</summary>
    /// <param name="name">The name of the server.</param>
    /// <param name="current">The options without the configuration.</param>
    /// <param name="certificates">Loads certificates.</param>
    /// <param name="hasAddress">Whether the configuration has the first address, which may be that of options that have none.</param>
    /// <exception cref="OptionsValidationException">A value is invalid, or a key is not an option.</exception>
    public WebSocketServerOptions ReadServer(
        string name, WebSocketServerOptions current, CertificateFiles certificates, out bool hasAddress)
    {
        IConfigurationSection? server = ServerSection(name);
        hasAddress = server?.GetSection(nameof(current.EndPoint)).Exists() is true;
        return Read(name, server, current, section =>
        {
            section.Ignore(StopKey);
            return ServerSections.Read(section, current, certificates);
        });
    }

    /// <summary>Reads how everything stops.</summary>
    /// <exception cref="OptionsValidationException">A value is invalid, or a key is not an option.</exception>
    public WebSocketStopOptions ReadStop(WebSocketStopOptions current) =>
        Read(Options.DefaultName, _root?.GetSection(StopKey), current, section => ServerSections.Read(section, current));

    /// <summary>Reads how one server stops, where that differs.</summary>
    /// <exception cref="OptionsValidationException">A value is invalid, or a key is not an option.</exception>
    public WebSocketStopOptions ReadStop(string name, WebSocketStopOptions current) => Read(
        name, ServerSection(name)?.GetSection(StopKey), current, section => ServerSections.Read(section, current));

    /// <summary>Checks that every section of a server has its server, and that options of an acceptor have theirs.</summary>
    /// <exception cref="OptionsValidationException">One does not: its options would have no effect.</exception>
    public void CheckOwners()
    {
        if (_root is null)
        {
            return;
        }

        string[] names = [.. services.GetServices<ServerRegistration>().Select(static server => server.Name)];
        bool hasAcceptor = services.GetService<AcceptorRegistration>() is not null;
        string[] errors =
        [
            .. _root.GetSection(ServersKey).GetChildren()
                .Where(server => !names.Contains(server.Key, StringComparer.OrdinalIgnoreCase))
                .Select(server => $"{server.Path} has options of a server that is not registered: AddSockeyeServer(\"{server.Key}\", …)."),
            .. _root.GetChildren()
                .Where(child => !hasAcceptor && !IsAny(child.Key, StopKey, ServersKey))
                .Select(static child => $"{child.Path} has no effect without an acceptor: call AddSockeye, or move it to a server's section."),
        ];
        if (errors.Length > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(WebSocketServerOptions), errors);
        }
    }

    /// <summary>Turns an exception about options, which come from the configuration and from code, into one that names their section.</summary>
    /// <param name="serverName">The name of the server; <see langword="null"/> for the acceptor.</param>
    /// <param name="exception">The exception of the setter, the acceptor or the server.</param>
    public OptionsValidationException Describe(string? serverName, ArgumentException exception)
    {
        return new OptionsValidationException(
            serverName ?? Options.DefaultName,
            serverName is null ? typeof(WebSocketAcceptorOptions) : typeof(WebSocketServerOptions),
            [$"The options of {PathOf(serverName)}, with those that are set in code, are invalid: {OptionSection.MessageOf(exception)}"]);
    }

    /// <summary>The path of the section of a server, or of the acceptor if the name is <see langword="null"/>.</summary>
    public string PathOf(string? serverName)
    {
        string path = (_root as IConfigurationSection)?.Path ?? DefaultSectionName;
        return serverName is null ? path : ConfigurationPath.Combine(path, ServersKey, serverName);
    }

    private static bool IsAny(string key, params string[] keys) => keys.Contains(key, StringComparer.OrdinalIgnoreCase);

    private static T Read<T>(string name, IConfiguration? source, T current, Func<OptionSection, T> read)
        where T : class
    {
        if (source is null)
        {
            return current;
        }

        List<string> errors = [];
        T options = read(new OptionSection(source, errors));
        return errors.Count == 0 ? options : throw new OptionsValidationException(name, current.GetType(), errors);
    }

    // The last call of AddSockeye that names a section decides.
    private static IConfiguration? Find(IServiceProvider services)
    {
        ConfigurationSource? source = services.GetServices<ConfigurationSource>().LastOrDefault();
        return source?.Configuration
            ?? services.GetService<IConfiguration>()?.GetSection(source?.SectionName ?? DefaultSectionName);
    }

    private IConfigurationSection? ServerSection(string name) => _root?.GetSection(ServersKey).GetSection(name);
}
