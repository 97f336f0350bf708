// Decides who may connect before the connection is open: by a token, or by the session cookie that the token yields.
//
//   dotnet run --project samples/Authentication
//
// prints
//
//   without a token: 401 Sign in first.
//   with a token: welcome, alice
//   with the session cookie: welcome, alice

using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Sockeye;

byte[] token = "correct horse battery staple"u8.ToArray();
string session = RandomNumberGenerator.GetHexString(32);

var serverOptions = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),

    // A real server would query a database here, which may take up to HandshakeTimeout and blocks no thread.
    OnUpgrade = async (request, cancellation) =>
    {
        await Task.Yield();
        if (IsSame(request.GetCookie("session"), Encoding.UTF8.GetBytes(session)))
        {
            return new WebSocketUpgradeAcceptance { UserState = "alice" };
        }

        if (AuthenticationHeaderValue.TryParse(request.Headers["Authorization"], out AuthenticationHeaderValue? header)
            && header.Scheme == "Bearer" && IsSame(header.Parameter, token))
        {
            return new WebSocketUpgradeAcceptance
            {
                UserState = "alice",
                Cookies = [new WebSocketSetCookie("session", session) { HttpOnly = true, SameSite = WebSocketSameSite.Strict }],
            };
        }

        return new WebSocketUpgradeRejection
        {
            StatusCode = 401,
            Headers = [new("WWW-Authenticate", "Bearer")],
            Body = "Sign in first.",
        };
    },
};
await using var server = await WebSocketServer.StartAsync(serverOptions, async (connection, cancellation) =>
    await connection.SendAsync($"welcome, {connection.UserState}", cancellation));

await TryAsync("without a token", new WebSocketClientOptions());

// Stores the cookies that the server sets, and sends them with the next request.
var cookies = new CookieContainer();
await TryAsync("with a token", new WebSocketClientOptions
{
    Cookies = cookies,
    RequestHeaders = [new("Authorization", $"Bearer {Encoding.UTF8.GetString(token)}")],
});
await TryAsync("with the session cookie", new WebSocketClientOptions { Cookies = cookies });

async Task TryAsync(string who, WebSocketClientOptions options)
{
    try
    {
        await using var connection = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/", options);
        Console.WriteLine($"{who}: {(await connection.ReceiveAsync())?.GetText()}");
    }
    catch (WebSocketHandshakeException exception)
    {
        Console.WriteLine($"{who}: {exception.StatusCode} {Encoding.UTF8.GetString(exception.Body.Span)}");
    }
}

// Takes the same time however much of the secret was guessed.
static bool IsSame(string? given, byte[] secret) =>
    given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), secret);
