using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>Writes what the filters of an endpoint return.</summary>
internal static class FilterResult
{
    private static readonly JsonOptions Defaults = new();

    /// <summary>
    /// Writes a result as minimal APIs do. Nothing is written for <see langword="null"/>, which a filter returns that has written the
    /// response itself.
    /// </summary>
    public static Task WriteAsync(HttpContext context, object? result) => result switch
    {
        null => Task.CompletedTask,
        IResult executable => executable.ExecuteAsync(context),
        string text => WriteTextAsync(context.Response, text),
        _ => WriteJsonAsync(context, result),
    };

    private static Task WriteTextAsync(HttpResponse response, string text)
    {
        response.ContentType ??= "text/plain; charset=utf-8";
        return response.WriteAsync(text);
    }

    // By the type's metadata, which trimmed programs have generated.
    private static Task WriteJsonAsync(HttpContext context, object result)
    {
        JsonOptions options = context.RequestServices.GetService<IOptions<JsonOptions>>()?.Value ?? Defaults;
        return context.Response.WriteAsJsonAsync(result, options.SerializerOptions.GetTypeInfo(result.GetType()));
    }
}
