using Xunit.Sdk;
using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>FR-31: all close codes that two bytes can hold. One test per role, not 65,536.</summary>
public sealed class CloseCodeTests
{
    [Theory]
    [InlineData(TestedRole.Server)]
    [InlineData(TestedRole.Client)]
    public async Task Valid_close_codes_are_echoed_and_invalid_ones_fail_the_connection(TestedRole role)
    {
        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            int expected = Oracle.IsCloseCode(code) ? code : 1002;
            ConformanceCase closing = new(
                $"FR-31.{code}", $"close code {code}", [Send(Close(code)), ExpectClose(expected)]);
            CaseScript script = new(closing, peerIsClient: role == TestedRole.Server);
            await using EndpointUnderTest endpoint = await Endpoints.CreateAsync(TestedTransport.InMemory, role);
            try
            {
                await new CaseRunner(script, endpoint, role).RunAsync(new Segmentation.AsWritten());
            }
            catch (XunitException exception)
            {
                throw new XunitException($"{closing}: {exception.Message}", exception);
            }
        }
    }
}
