using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>Blazor Server, whose pages talk to the server over WebSockets with compression.</summary>
public sealed class BlazorTests
{
    private const int Clicks = 5;

    // What the page types with each click.
    private static readonly int TypedLength = "aé€漢😀".Length * 500;

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_page_in_a_browser_is_interactive(Stack stack)
    {
        PeerPrograms.RequireChromium();
        TaskCompletionSource<string> report = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SocketApp app = await SocketApp.StartAsync(
            stack,
            application =>
            {
                application.UseAntiforgery();
                application.MapRazorComponents<BlazorPage>().AddInteractiveServerRenderMode();
                application.MapGet("/_framework/blazor.web.js", static () => Results.File(
                    Path.Combine(AppContext.BaseDirectory, "blazor.web.js"), "text/javascript"));
                application.MapPost("/report", async (HttpRequest request) =>
                    report.TrySetResult(await new StreamReader(request.Body).ReadToEndAsync()));
            },
            static builder => builder.Services.AddRazorComponents().AddInteractiveServerComponents());
        await using Chromium browser = Chromium.Start(app.Address.AbsoluteUri);

        Assert.Equal($"{Clicks} {Clicks * TypedLength}", await report.Task.WaitAsync(Deadline.Length));
        Assert.All(app.Acceptor.GetConnections(), static connection => Assert.NotNull(connection.Core.Compression));
        Assert.Equal(stack == Stack.Sockeye ? 1 : 0, app.Acceptor.ConnectionCount);
    }
}
