namespace Sockeye.Tests;

/// <summary>Exceptions of invalid addresses do not quote the address, which may contain secrets.</summary>
public sealed class ClientAddressSecretsTests
{
    private const string Secret = "s3cr3t";

    // Each is malformed in one place; what is in braces is filled with a secret.
    private static readonly string[] Malformed =
    [
        "{0}", "host:99999/?token={0}", "ws://host:80:80/?access_token={0}", "ws://host:99999/?token={0}",
        "ws://host:-1/?token={0}", "ws://host:x/?token={0}", "ws://host:0/?token={0}", "ws://ho st/?token={0}",
        "ws:///?token={0}", "ws://?token={0}", "ws:/host?token={0}", "ws:host?token={0}", "//host/?token={0}",
        "host/?token={0}", "/path?token={0}", "?token={0}", "#{0}", "ws://[::1/?token={0}",
        "ws://[fe80::1%]/?token={0}", "ws://[fe80::1%25a/b]/?token={0}", "ws://1.2.3.4.5:x/?token={0}",
        "ws://host/#{0}", "ws://host/?a#{0}", "ws://user:{0}@host/#f", "ws://user:{0}@/", "ws://user:{0}@host:99999/",
        "ws://user:{0}@ho st/", "ws://user:{0}@host:80:80/", "ws://{0}@host:x/", "user:{0}@host:80/", "{0}:pass@host/",
        "{0}://host/", "ftp://user:{0}@host/?token={0}#{0}", "wss+unix:/s:/?token={0}", "ws://user:p?{0}@ho st/",
        "ws://user:p#{0}@ho st/", "ws://user:p/{0}@host:x:/", "ws://a@b:{0}@host:x/", "ws://user:p@{0}@host:80:80/",
        "ws+unix:?token={0}", "ws+unix:/s?token={0}", "ws+unix:/s:?token={0}", "ws+unix:/s:path?token={0}",
        "ws+unix:/s:/path?token={0}#f", "ws+unix:/s:/path#{0}", "ws+unix:/s%00{0}:/", "ws+unix:/s%3F{0}:/",
        "ws+unix://user:{0}@/s:/", "ws+unix::/?token={0}",
    ];

    public static IEnumerable<TheoryDataRow<string>> Addresses =>
        Malformed.Select(address => new TheoryDataRow<string>(address.Replace("{0}", Secret, StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task A_malformed_address_throws_without_quoting_it(string address)
    {
        List<Exception?> thrown =
        [
            await Record.ExceptionAsync(() => WebSocketClient.ConnectAsync(address, Nowhere)),
            Record.Exception(() => new WebSocketReconnectingClient(address)),
        ];
        if (Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out Uri? uri))
        {
            thrown.Add(await Record.ExceptionAsync(() => WebSocketClient.ConnectAsync(uri, Nowhere)));
        }

        Assert.All(thrown, exception =>
        {
            Assert.IsAssignableFrom<ArgumentException>(exception);
            Assert.DoesNotContain(Secret, exception!.ToString(), StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task A_socket_path_that_is_too_long_throws_without_quoting_it()
    {
        string address = $"ws+unix:/{Secret}{new string('a', 200)}:/?token={Secret}";

        ArgumentException thrown =
            await Assert.ThrowsAnyAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(address));

        Assert.DoesNotContain(Secret, thrown.ToString(), StringComparison.Ordinal);
    }

    private static WebSocketClientOptions Nowhere => new()
    {
        UseProxy = false,
        HandshakeTimeout = TimeSpan.FromSeconds(5),
    };
}
