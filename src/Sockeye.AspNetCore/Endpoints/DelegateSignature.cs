using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>What is known of the parameters of a method that serves connections.</summary>
[RequiresUnreferencedCode("Reads types of parameters.")]
internal sealed class DelegateSignature
{
    private static readonly Type[] BodyTypes =
    [
        typeof(Stream), typeof(PipeReader), typeof(IFormCollection), typeof(IFormFile), typeof(IFormFileCollection), typeof(HttpResponse),
    ];

    private readonly string _pattern;
    private readonly Func<object, Task>? _asTask;

    /// <summary>Checks a method.</summary>
    /// <param name="method">The method.</param>
    /// <param name="pattern">The pattern that it is mapped to, for messages.</param>
    /// <param name="services">The services of the application.</param>
    /// <exception cref="InvalidOperationException">It cannot serve connections.</exception>
    public DelegateSignature(MethodInfo method, string pattern, IServiceProvider services)
    {
        _pattern = pattern;
        (_asTask, Type? result) = AwaitableOf(method.ReturnType);
        if (_asTask is null)
        {
            throw Invalid(
                $"returns {method.ReturnType.Name}. It must return Task or ValueTask: the connection is closed when that has completed");
        }

        if (result?.IsAssignableTo(typeof(IResult)) == true)
        {
            throw Invalid(
                $"returns a result, which cannot be written to a connection. {nameof(WebSocketRouteOptions.OnUpgrade)} and filters can reject "
                + "requests");
        }

        ParameterInfo[] parameters = method.GetParameters();
        int[] connections = PositionsOf(parameters, typeof(WebSocketConnection));
        if (connections is not [int connection])
        {
            throw Invalid($"has {connections.Length} parameters of the type {nameof(WebSocketConnection)}. It must have one");
        }

        ConnectionPosition = connection;
        TokenPositions = PositionsOf(parameters, typeof(CancellationToken));
        foreach (ParameterInfo parameter in parameters)
        {
            Check(parameter, services);
        }

        NeedsRequest = parameters.SelectMany(TypesOf).Any(type => type == typeof(HttpContext) || type == typeof(HttpRequest));
    }

    /// <summary>The position of the connection among the parameters.</summary>
    public int ConnectionPosition { get; }

    /// <summary>The positions of cancellation tokens.</summary>
    public IReadOnlyList<int> TokenPositions { get; }

    /// <summary>Whether the request must stay open while the method runs.</summary>
    public bool NeedsRequest { get; }

    /// <summary>Makes a task of what the method has returned. Results are ignored: many lambdas that only await have one.</summary>
    public Task TaskOf(object? returned) => returned is null || _asTask is null
        ? throw Invalid("has returned null instead of a task")
        : _asTask(returned);

    /// <summary>Reports what is wrong with the method.</summary>
    public InvalidOperationException Invalid(string what, Exception? cause = null) =>
        new($"The method that is mapped to the WebSocket endpoint '{_pattern}' {what}.", cause);

    private static (Func<object, Task>? AsTask, Type? Result) AwaitableOf(Type type)
    {
        if (type.IsAssignableTo(typeof(Task)))
        {
            return (static task => (Task)task, type.IsGenericType ? type.GetGenericArguments()[0] : null);
        }

        if (type == typeof(ValueTask))
        {
            return (static task => ((ValueTask)task).AsTask(), null);
        }

        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>)
            && type.GetMethod(nameof(ValueTask.AsTask)) is { } asTask
            ? (task => (Task)asTask.Invoke(task, null)!, type.GetGenericArguments()[0])
            : default;
    }

    private static int[] PositionsOf(ParameterInfo[] parameters, Type type) =>
        [.. parameters.Where(parameter => parameter.ParameterType == type).Select(parameter => parameter.Position)];

    // Those of the properties, if they are the parameters.
    private static IEnumerable<Type> TypesOf(ParameterInfo parameter) => IsSpread(parameter)
        ? parameter.ParameterType.GetProperties().Select(property => property.PropertyType)
        : [parameter.ParameterType];

    private static bool IsSpread(ParameterInfo parameter) => parameter.IsDefined(typeof(AsParametersAttribute), inherit: true);

    private static bool IsOptional(ParameterInfo parameter) =>
        parameter.HasDefaultValue || new NullabilityInfoContext().Create(parameter).ReadState != NullabilityState.NotNull;

    private void Check(ParameterInfo parameter, IServiceProvider services)
    {
        object[] attributes = parameter.GetCustomAttributes(inherit: true);
        if (attributes.Any(attribute => attribute is IFromBodyMetadata or IFromFormMetadata)
            || TypesOf(parameter).FirstOrDefault(BodyTypes.Contains) is not null)
        {
            throw Invalid($"takes '{parameter.Name}' from a body, or writes one. An opening handshake has none");
        }

        if (IsSpread(parameter)
            && TypesOf(parameter).Any(type => type == typeof(WebSocketConnection) || type == typeof(CancellationToken)))
        {
            throw Invalid($"takes a connection or a token inside of '{parameter.Name}'. They must be parameters of the method itself");
        }

        var isService = services.GetService<IServiceProviderIsService>() as IServiceProviderIsKeyedService;
        if (isService is null || IsOptional(parameter))
        {
            return;
        }

        bool isMissing =
            attributes.OfType<FromKeyedServicesAttribute>().FirstOrDefault() is { } keyed
                ? !isService.IsKeyedService(parameter.ParameterType, keyed.Key)
                : attributes.Any(attribute => attribute is IFromServiceMetadata) && !isService.IsService(parameter.ParameterType);
        if (isMissing)
        {
            throw Invalid($"takes the service '{parameter.Name}' of the type {parameter.ParameterType}, which is not registered");
        }
    }
}
