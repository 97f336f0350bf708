// A TLS server whose certificate is replaced while it runs, and clients that trust only one authority.
//
//   dotnet run --project samples/Tls
//
// prints
//
//   trusts Old: connected
//   the server has a certificate of New
//   trusts Old: failed in Tls
//   trusts New: connected
//   the first connection is Open

using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Sockeye;
using Sockeye.Samples;

using var old = new CertificateAuthority("Old");
using var young = new CertificateAuthority("New");
X509Certificate2 certificate = old.Issue("localhost");

// SelectTls is called for each connection, so that replacing a certificate needs no restart. hello.ServerName is the host that
// the client requests. If the certificate never changes, set Tls instead.
var options = new WebSocketServerOptions
{
    EndPoints =
    [
        new WebSocketEndPoint(new IPEndPoint(IPAddress.Loopback, 0))
        {
            SelectTls = (hello, cancellation) => new(
                new SslServerAuthenticationOptions { ServerCertificate = Volatile.Read(ref certificate) }),
        },
    ],
};
await using var server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
{
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        await connection.SendAsync(message, cancellation);
    }
});

await using WebSocketConnection? first = await TryConnectAsync("trusts Old", old);

Volatile.Write(ref certificate, young.Issue("localhost"));
Console.WriteLine("the server has a certificate of New");

await using WebSocketConnection? refused = await TryConnectAsync("trusts Old", old);
await using WebSocketConnection? second = await TryConnectAsync("trusts New", young);
Console.WriteLine($"the first connection is {first?.State}");

async Task<WebSocketConnection?> TryConnectAsync(string name, CertificateAuthority trusted)
{
    try
    {
        WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{server.Port}/", new WebSocketClientOptions { Tls = trusted.TrustIt() });
        Console.WriteLine($"{name}: connected");
        return connection;
    }
    catch (WebSocketHandshakeException exception)
    {
        Console.WriteLine($"{name}: failed in {exception.Phase}");
        return null;
    }
}
