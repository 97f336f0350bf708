using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>One end of a connection that sends what the test wants, right or wrong: bytes, lines, frames.</summary>
internal sealed class RawPeer : IDisposable
{
    // The key of RFC 6455 §1.3, and what a server makes of it.
    public const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    public const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private readonly Socket _socket;

    public RawPeer(Socket socket, Stream? stream = null)
    {
        _socket = socket;
        Stream = stream ?? new NetworkStream(socket, ownsSocket: true);
    }

    public Stream Stream { get; }

    public EndPoint? LocalEndPoint => _socket.LocalEndPoint;

    public EndPoint? RemoteEndPoint => _socket.RemoteEndPoint;

    /// <summary>Whether something can be read, or the end.</summary>
    public bool HasReceived => _socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);

    /// <summary>Whether the system takes more bytes for the peer.</summary>
    public bool CanSend => _socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite);

    /// <summary>Connects to a server, from an address of one's own choice if need be.</summary>
    public static async Task<RawPeer> ConnectAsync(EndPoint endPoint, IPAddress? from = null)
    {
        if (endPoint is IPEndPoint { Address: var address, Port: var port } && address.Equals(IPAddress.IPv6Any))
        {
            endPoint = new IPEndPoint(IPAddress.IPv6Loopback, port);
        }

        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(endPoint).WithDeadline();
        return new RawPeer(socket);
    }

    /// <summary>Connects to a server over TLS.</summary>
    public static async Task<RawPeer> ConnectTlsAsync(
        EndPoint endPoint, SslClientAuthenticationOptions? options = null, IPAddress? from = null)
    {
        RawPeer plain = await ConnectAsync(endPoint, from);
        var tls = new SslStream(plain.Stream);
        await tls.AuthenticateAsClientAsync(options ?? TestCertificate.ForClient()).WithDeadline();
        return new RawPeer(plain._socket, tls);
    }

    /// <summary>Connects to a server and opens a WebSocket connection.</summary>
    public static async Task<RawPeer> OpenAsync(EndPoint endPoint, string path = "/", params string[] headers) =>
        await OpenAsync(await ConnectAsync(endPoint), path, headers);

    /// <summary>Connects to a server over TLS and opens a WebSocket connection.</summary>
    public static async Task<RawPeer> OpenTlsAsync(EndPoint endPoint) => await OpenAsync(await ConnectTlsAsync(endPoint), "/", []);

    private static async Task<RawPeer> OpenAsync(RawPeer peer, string path, string[] headers)
    {
        await peer.SendAsync(Request(path, headers));
        string head = await peer.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        return peer;
    }

    /// <summary>A request that every server accepts, with some headers more.</summary>
    public static string Request(string path = "/", params string[] headers) =>
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + $"Sec-WebSocket-Key: {Key}\r\nSec-WebSocket-Version: 13\r\n"
        + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n";

    /// <summary>The same socket, under another stream.</summary>
    public RawPeer Over(Stream stream) => new(_socket, stream);

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => Stream.WriteAsync(bytes).WithDeadline();

    /// <summary>Sends a masked frame.</summary>
    public Task SendMaskedAsync(byte first, params byte[] payload) =>
        SendAsync(Wire.Masked(RawFrame.Bytes(first, payload)));

    /// <summary>Reads up to an empty line.</summary>
    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await Stream.ReadExactlyAsync(one).WithDeadline();
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>Reads to the end.</summary>
    public async Task<string> ReadToEndAsync() => Encoding.Latin1.GetString(await Stream.ReadToEndAsync());

    /// <summary>Reads one frame, which must be legal, and not a byte more.</summary>
    public async Task<RawFrame> ReadFrameAsync()
    {
        byte[] start = await ReadAsync(2);
        var reader = new RawFrameReader(endpointIsClient: (start[1] & 0x80) != 0, mayCompress: true);
        reader.Append(start);
        RawFrame? frame;
        while (!reader.TryRead(out frame))
        {
            reader.Append(await ReadAsync(reader.MissingLength));
        }

        return frame;
    }

    /// <summary>Ends this direction, and goes on reading.</summary>
    public void EndOutput() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes the socket with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    public void Dispose()
    {
        Stream.Dispose();
        _socket.Dispose();
    }

    private async Task<byte[]> ReadAsync(int length)
    {
        byte[] bytes = new byte[length];
        await Stream.ReadExactlyAsync(bytes).WithDeadline();
        return bytes;
    }
}
