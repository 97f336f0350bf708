using System.Net.Security;
using System.Security.Authentication;

namespace Sockeye.Tests;

/// <summary>TLS as a machine, given every piece of ciphertext that a network could deliver.</summary>
public sealed class TlsEngineTests
{
    private const int FullRecord = 16 * 1024;

    // A record: type, version, length (RFC 8446 §5.1).
    private const int HeaderLength = 5;

    /// <summary>The versions of TLS, and pieces of every length that matters; with the last, everything comes at once.</summary>
    public static MatrixTheoryData<WebSocketTlsEngine, SslProtocols, int> Pieces { get; } =
        new(Enum.GetValues<WebSocketTlsEngine>(), [SslProtocols.Tls12, SslProtocols.Tls13], [1, 2, 7, 1000, int.MaxValue]);

    [Theory]
    [MemberData(nameof(Pieces))]
    public void A_handshake_completes_in_pieces_of_any_length(WebSocketTlsEngine engine, SslProtocols version, int pieceLength)
    {
        (TlsEnd client, TlsEnd server) = Connect(engine, version, pieceLength);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;

        Assert.True(client.IsSecure && server.IsSecure);
        Assert.Empty(server.Received);
        Assert.Empty(client.Received);
    }

    [Theory]
    [MemberData(nameof(Pieces))]
    public void Plaintext_of_any_length_arrives_in_pieces_of_any_length_in_both_directions(WebSocketTlsEngine engine, SslProtocols version, int pieceLength)
    {
        (TlsEnd client, TlsEnd server) = Connect(engine, version, pieceLength);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;
        byte[] whole = Payloads.Bytes(5 * FullRecord);

        foreach ((TlsEnd from, TlsEnd to) in (ReadOnlySpan<(TlsEnd, TlsEnd)>)[(client, server), (server, client)])
        {
            int expected = 0;
            foreach (int length in (ReadOnlySpan<int>)[1, 1, 2, 125, FullRecord - 1, FullRecord, FullRecord + 1, 3])
            {
                to.Deliver(from.Encrypt(whole.AsSpan(expected, length)), pieceLength);
                expected += length;

                // All of it at once: nothing waits for the next record.
                Assert.Equal(whole[..expected], to.Received);
            }
        }
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls13)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls13)]
    public void Hundreds_of_small_records_and_full_ones_arrive_from_one_piece(WebSocketTlsEngine engine, SslProtocols version)
    {
        (TlsEnd client, TlsEnd server) = Connect(engine, version);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;
        byte[] whole = Payloads.Bytes(400 + (6 * FullRecord));
        List<byte> ciphertext = [];
        for (int i = 0; i < 400; i++)
        {
            ciphertext.AddRange(client.Encrypt(whole.AsSpan(i, 1)));
        }

        ciphertext.AddRange(client.Encrypt(whole.AsSpan(400)));
        server.Deliver([.. ciphertext]);

        Assert.Equal(whole, server.Received);
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls13)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls13)]
    public void A_record_may_be_cut_at_any_place(WebSocketTlsEngine engine, SslProtocols version)
    {
        (TlsEnd client, TlsEnd server) = Connect(engine, version);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;
        int recordLength = int.MaxValue;
        for (int cut = 1; cut < recordLength; cut++)
        {
            byte[] first = client.Encrypt("one"u8);
            byte[] second = client.Encrypt("two"u8);
            recordLength = second.Length;
            int before = server.Received.Length;
            server.Deliver([.. first, .. second[..cut]]);
            Assert.Equal("one"u8.ToArray(), server.Received[before..]);

            server.Deliver(second.AsSpan(cut));
            Assert.Equal("onetwo"u8.ToArray(), server.Received[before..]);
        }
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls13)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls13)]
    public void Plaintext_behind_the_handshake_in_one_piece_arrives(WebSocketTlsEngine engine, SslProtocols version)
    {
        using TlsEnd client = TlsEnd.Client(ClientOptions(version));
        using TlsEnd server = TlsEnd.Server(engine);
        server.Deliver(client.Take());
        client.Deliver(server.Take());
        byte[] last = client.Take();
        if (version == SslProtocols.Tls12)
        {
            // The server has the last word: its Finished completes the client's handshake.
            server.Deliver(last);
            Assert.True(server.IsSecure);
            client.Deliver([.. server.Take(), .. server.Encrypt("behind it"u8)]);
            Assert.Equal("behind it"u8.ToArray(), client.Received);
        }
        else
        {
            Assert.True(client.IsSecure);
            server.Deliver([.. last, .. client.Encrypt("behind it"u8)]);
            Assert.Equal("behind it"u8.ToArray(), server.Received);
        }
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls12, 1)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls12, 1)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls12, int.MaxValue)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls12, int.MaxValue)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls13, 1)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls13, 1)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls13, int.MaxValue)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls13, int.MaxValue)]
    public void Close_notify_ends_one_direction_behind_all_plaintext(WebSocketTlsEngine engine, SslProtocols version, int pieceLength)
    {
        (TlsEnd client, TlsEnd server) = Connect(engine, version);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;

        byte[] last = client.Encrypt("the last"u8);
        server.Deliver([.. last, .. client.EndOutput()], pieceLength);

        Assert.Equal("the last"u8.ToArray(), server.Received);
        Assert.True(server.HasEnded);
        client.Deliver(server.Encrypt("the other direction is open"u8), pieceLength);
        Assert.Equal("the other direction is open"u8.ToArray(), client.Received);
        Assert.False(client.HasEnded);
    }

    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls12)]
    [InlineData(WebSocketTlsEngine.SslStream, SslProtocols.Tls13)]
    [InlineData(WebSocketTlsEngine.OpenSsl, SslProtocols.Tls13)]
    public void A_flipped_bit_anywhere_behind_the_header_ends_TLS_and_delivers_nothing(WebSocketTlsEngine engine, SslProtocols version)
    {
        int length = Encrypted(engine, version).Length;
        for (int index = HeaderLength; index < length; index += 3)
        {
            (TlsEnd client, TlsEnd server) = Connect(engine, version);
            using TlsEnd _ = client;
            using TlsEnd _1 = server;
            server.Deliver(client.Encrypt("whole"u8));
            byte[] record = client.Encrypt("corrupted"u8);
            record[index] ^= 0x10;

            Assert.ThrowsAny<Exception>(() => server.Deliver(record));

            Assert.Equal("whole"u8.ToArray(), server.Received);
        }

        static byte[] Encrypted(WebSocketTlsEngine engine, SslProtocols version)
        {
            (TlsEnd client, TlsEnd server) = Connect(engine, version);
            using TlsEnd _ = client;
            using TlsEnd _1 = server;
            return client.Encrypt("corrupted"u8);
        }
    }

    // RFC 8446 §5.2: at most 2^14 + 256 bytes. And a type that there is none of.
    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream, "17 0303 FFFF")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "17 0303 FFFF")]
    [InlineData(WebSocketTlsEngine.SslStream, "1F 0303 0010 00000000000000000000000000000000")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "1F 0303 0010 00000000000000000000000000000000")]
    [InlineData(WebSocketTlsEngine.SslStream, "47 4554 202F 20")]
    [InlineData(WebSocketTlsEngine.OpenSsl, "47 4554 202F 20")]
    public void Bytes_that_are_no_record_end_TLS(WebSocketTlsEngine engine, string hex)
    {
        (TlsEnd client, TlsEnd server) = Connect(engine, SslProtocols.Tls13);
        using TlsEnd _ = client;
        using TlsEnd _1 = server;

        Assert.ThrowsAny<Exception>(() =>
        {
            server.Deliver(Wire.Bytes(hex), 1);
            server.Deliver(new byte[FullRecord]);
            server.Deliver(new byte[4 * FullRecord]);
        });

        Assert.Empty(server.Received);
    }

    private static SslClientAuthenticationOptions ClientOptions(SslProtocols version)
    {
        SslClientAuthenticationOptions options = TestCertificate.ForClient();
        options.EnabledSslProtocols = version;
        return options;
    }

    private static (TlsEnd Client, TlsEnd Server) Connect(WebSocketTlsEngine engine, SslProtocols version, int pieceLength = int.MaxValue)
    {
        TlsEnd client = TlsEnd.Client(ClientOptions(version));
        TlsEnd server = TlsEnd.Server(engine);
        for (int flight = 0; flight < 4; flight++)
        {
            server.Deliver(client.Take(), pieceLength);
            client.Deliver(server.Take(), pieceLength);
        }

        Assert.True(client.IsSecure && server.IsSecure);
        return (client, server);
    }
}
