using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Tls;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Tests;

/// <summary>What serves the connections of a server over TLS.</summary>
public sealed class TlsTransportChoiceTests
{
    [Theory]
    [EachServer("plain", IsSecure = true)]
    [EachServer("context", IsSecure = true)]
    [EachServer("client certificate", IsSecure = true)]
    [EachServer("by name", IsSecure = true)]
    [EachServer("SelectTls", IsSecure = true)]
    public async Task A_loop_serves_TLS_in_place_and_a_socket_by_a_stream(ServerKind kind, string how)
    {
        SslServerAuthenticationOptions tls = TestCertificate.ForServer();
        switch (how)
        {
            case "context":
                tls.ServerCertificate = null;
                tls.ServerCertificateContext = SslStreamCertificateContext.Create(TestCertificate.Value, additionalCertificates: null);
                break;
            case "client certificate":
                tls.ClientCertificateRequired = true;
                tls.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is null;
                break;
            case "by name":
                tls.ServerCertificate = null;
                tls.ServerCertificateSelectionCallback = static (_, _) => TestCertificate.Value;
                break;
        }

        WebSocketServerOptions options = Servers.OptionsOf(kind);
        await using WebSocketServer server = await Servers.StartEchoAsync(
            how == "SelectTls" ? options with { Tls = null, SelectTls = (_, _) => new(tls) } : options with { Tls = tls });

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: "wss"), new WebSocketClientOptions { Tls = TestCertificate.ForClient() }).WithDeadline();

        Transport transport = Assert.Single(server.GetConnections()).Core.Transport;
        Assert.Equal(kind.UsesEventLoop() ? typeof(TlsTransport) : typeof(StreamTransport), transport.GetType());
        Type? engine = kind switch
        {
            ServerKind.OpenSslEventLoop => typeof(OpenSslEngine),
            ServerKind.TlsEventLoop => typeof(SslStreamEngine),
            _ => null,
        };
        Assert.Equal(engine, (transport as TlsTransport)?.Engine?.GetType());
        await client.SendAsync("hello");
        Assert.Equal("hello", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Fact]
    public async Task Both_ends_are_on_loops_by_default()
    {
        Assert.SkipWhen(ServerKind.TlsEventLoop.WhyNot() is not null, LoopSockets.NotSupported);
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() });

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: "wss"), new WebSocketClientOptions { Tls = TestCertificate.ForClient() }).WithDeadline();

        Assert.IsType<TlsTransport>(client.Core.Transport);
        Assert.IsType<TlsTransport>(Assert.Single(server.GetConnections()).Core.Transport);
    }
}
