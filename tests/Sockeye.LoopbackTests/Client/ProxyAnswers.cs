namespace Sockeye.Tests;

/// <summary>Answers of proxies that open no tunnel (CT-30).</summary>
public static class ProxyAnswers
{
    public static TheoryData<string, int?> Bad
    {
        get
        {
            var cases = new TheoryData<string, int?>();
            foreach (int status in new[] { 301, 302, 307, 400, 401, 403, 404, 405, 407, 408, 429, 431, 500, 501, 502,
                503, 504, 511 })
            {
                cases.Add($"HTTP/1.1 {status} No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nsaid", status);
                cases.Add($"HTTP/1.0 {status} No\r\n\r\n", status);
            }

            foreach (string answer in new[]
            {
                "H", "HTTP/1.1", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", "200 OK\r\n\r\n",
                "garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 2OO OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
                "HTTP/1.1\t200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "ICY 200 OK\r\n\r\n", "\r\n\r\n", "\0\0\0\0\r\n\r\n",
                "\x05\x00\x00\x01", "\x16\x03\x01\x02\x00", "HTTP/1.1 200 OK\r\nX\r\n\r\n", "HTTP/1.1 200 OK\r\n: y\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX y: z\r\n\r\n", "HTTP/1.1 99 OK\r\n\r\n", "<html></html>\r\n\r\n",
                "HTTP/1.1 200 OK\r\nX: " + new string('a', 20_000) + "\r\n\r\n",
            })
            {
                cases.Add(answer, null);
            }

            return cases;
        }
    }

    /// <summary>What a SOCKS proxy says to the greeting, and then to the request (RFC 1928 §3, §6), in hex.</summary>
    public static TheoryData<string, string> BadSocks
    {
        get
        {
            var cases = new TheoryData<string, string>
            {
                { "", "" }, { "05", "" }, { "0400", "" }, { "05FF", "" }, { "0502", "" }, { "0501", "" },
                { "0500", "" }, { "0500", "05" }, { "0500", "0500" }, { "0500", "04000001000000000000" },
                { "0500", "05000002000000000000" }, { "0500", "050000010000" }, { "4854", "5450" },
            };
            for (int reply = 1; reply <= 9; reply++)
            {
                // §6: X'01' to X'08' are failures; X'09' is unassigned.
                cases.Add("0500", $"05{reply:X2}0001000000000000");
            }

            return cases;
        }
    }
}
