using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>The results for valid heads; invalid ones are in <see cref="MalformedHeads"/>.</summary>
public sealed class HeadTests
{
    [Fact]
    public void Request_has_method_target_and_headers()
    {
        HttpError error = RequestHead.TryParse(
            "PUT /a?b HTTP/1.1\r\nHost: c\r\n\r\n"u8, Verdicts.Lines(), out RequestHead request);

        Assert.Equal(HttpError.None, error);
        Assert.Equal("PUT", Encoding.ASCII.GetString(request.Method));
        Assert.Equal("/a?b", Encoding.ASCII.GetString(request.Target));
        Assert.Equal("c", request.Headers.GetString("Host"));
        Assert.Equal("PUT /a?b", request.ToString());
    }

    [Fact]
    public void Request_with_more_header_lines_than_there_is_room_for_is_rejected()
    {
        HttpError error = RequestHead.TryParse(
            "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n"u8, new HeaderLine[1], out RequestHead request);

        Assert.Equal(HttpError.InvalidHeaderName, error);
        Assert.Equal(0, request.Headers.Count);
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols", 101, "Switching Protocols")]
    [InlineData("HTTP/1.1 404", 404, "")]
    [InlineData("HTTP/1.1 599 ", 599, "")]
    public void Response_has_version_status_and_reason(string line, int statusCode, string reason)
    {
        HttpError error = ResponseHead.TryParse(
            Encoding.ASCII.GetBytes(line + "\r\nServer: a\r\n\r\n"), Verdicts.Lines(), out ResponseHead response);

        Assert.Equal(HttpError.None, error);
        Assert.Equal(new Version(1, 1), response.Version);
        Assert.Equal(statusCode, response.StatusCode);
        Assert.Equal(reason, response.ReasonPhrase);
        Assert.Equal("a", response.Headers.GetString("server"));
    }

    [Fact]
    public void Bytes_that_no_reader_has_validated_never_make_parsing_throw()
    {
        const string alphabet = "GET/HP1. :\r\n\0a";
        var random = new Random(6455);

        for (int iteration = 0; iteration < 20_000; iteration++)
        {
            byte[] tail = [.. Enumerable.Range(0,
                random.Next(12)).Select(_ => (byte)alphabet[random.Next(alphabet.Length)])];

            HttpError request = RequestHead.TryParse(
                [.. "GET / HTTP/1.1\r\n"u8, .. tail], Verdicts.Lines(), out RequestHead requestHead);
            HttpError response = ResponseHead.TryParse(
                [.. "HTTP/1.1 101"u8, .. tail], Verdicts.Lines(), out ResponseHead responseHead);

            Assert.True(request == HttpError.None || requestHead.Headers.Count == 0);
            Assert.Equal("GET /", requestHead.ToString());
            Assert.Equal(response == HttpError.None, responseHead.StatusCode != 0);
        }
    }
}
