using Sockeye.Telemetry;

namespace Sockeye.Tests;

public sealed class ErrorTypesTests
{
    [Theory]
    [InlineData(WebSocketHandshakeError.TooManyConnectionsFromAddress, "too_many_connections_from_address")]
    [InlineData(WebSocketHandshakeError.TlsFailed, "tls_failed")]
    [InlineData(WebSocketHandshakeError.MethodNotGet, "method_not_get")]
    public void Errors_are_in_lower_case_with_underscores(WebSocketHandshakeError error, string expected) =>
        Assert.Equal(expected, ErrorTypes.Of(error));

    [Fact]
    public void Every_error_has_a_type_of_its_own()
    {
        string[] types = [.. Enum.GetValues<WebSocketHandshakeError>().Select(ErrorTypes.Of)];

        Assert.Equal(types.Length, types.Distinct().Count());
        Assert.All(types, type => Assert.Matches("^[a-z][a-z0-9_]+$", type));
    }

    [Fact]
    public void Exceptions_of_the_application_are_named_by_their_type() =>
        Assert.Equal("System.InvalidOperationException", ErrorTypes.Of(new InvalidOperationException("secret")));
}
