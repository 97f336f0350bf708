using System.Net;
using System.Net.Sockets;
using Sockeye.Hosting.Configuration;

namespace Sockeye.Tests;

/// <summary>Addresses to listen on, as a configuration has them.</summary>
public sealed class EndPointTextTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("0.0.0.0:0", "0.0.0.0", 0)]
    [InlineData("[::1]:8080", "::1", 8080)]
    [InlineData("[::]:65535", "::", 65535)]
    [InlineData("*:80", "::", 80)]
    [InlineData("localhost:80", "127.0.0.1", 80)]
    [InlineData("LOCALHOST:80", "127.0.0.1", 80)]
    public void An_address_has_a_port(string text, string address, int port)
    {
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), EndPointText.Parse(text));
    }

    [Theory]
    [InlineData("unix:/run/chat.sock", "/run/chat.sock")]
    [InlineData("UNIX:relative.sock", "relative.sock")]
    public void A_unix_socket_has_a_path(string text, string path)
    {
        Assert.Equal(path, Assert.IsType<UnixDomainSocketEndPoint>(EndPointText.Parse(text)).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1: 80")]
    [InlineData(":8080")]
    [InlineData("::1")]
    [InlineData("::1:8080")]
    [InlineData("[::1]")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("example.com:80")]
    [InlineData("ws://localhost:80")]
    [InlineData("unix:")]
    public void Other_texts_are_rejected(string text)
    {
        Assert.Throws<FormatException>(() => EndPointText.Parse(text));
    }

    [Fact]
    public void A_path_that_is_too_long_for_the_system_is_rejected()
    {
        Assert.Throws<FormatException>(() => EndPointText.Parse("unix:/" + new string('x', 200)));
    }
}
