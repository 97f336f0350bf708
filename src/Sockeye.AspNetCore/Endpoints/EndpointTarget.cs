using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>What an endpoint is mapped to.</summary>
internal abstract class EndpointTarget
{
    /// <summary>What applies to the endpoint as metadata: the attributes of the method or the type that it is mapped to.</summary>
    public abstract IEnumerable<object> Attributes { get; }

    /// <summary>Makes the delegate that the endpoint calls for a request.</summary>
    /// <param name="builder">The endpoint, after all conventions: it has the filters, the pattern and the services.</param>
    /// <param name="upgrade">Conducts the handshakes.</param>
    public abstract RequestDelegate CreateDelegate(RouteEndpointBuilder builder, EndpointUpgrade upgrade);

    /// <summary>The attributes of a method or a type.</summary>
    protected static IEnumerable<object> AttributesOf(MemberInfo member) => member.GetCustomAttributes(inherit: true);

    /// <summary>Puts the filters of an endpoint around a call.</summary>
    /// <param name="builder">The endpoint.</param>
    /// <param name="method">The method whose arguments the filters see.</param>
    /// <param name="call">The call.</param>
    protected static EndpointFilterDelegate Filtered(RouteEndpointBuilder builder, MethodInfo method, EndpointFilterDelegate call)
    {
        var context = new EndpointFilterFactoryContext { MethodInfo = method, ApplicationServices = builder.ApplicationServices };

        // The first filter is the outermost.
        return builder.FilterFactories.Reverse().Aggregate(call, (next, filter) => filter(context, next));
    }
}
