using System.Security.Cryptography;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Alerts of TLS: in records that are not encrypted, and in what OpenSSL reports of those that are.</summary>
public sealed class TlsAlertsTests
{
    [Theory]
    [InlineData(0x0A000412, 42)] // SSL_R_SSLV3_ALERT_BAD_CERTIFICATE
    [InlineData(0x0A00045C, 116)] // SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED
    [InlineData(0x0A000086, null)] // SSL_R_CERTIFICATE_VERIFY_FAILED, a fault that this end has found
    [InlineData(0x02000412, null)] // the same reason of another library
    public void An_encrypted_alert_is_read_from_the_OpenSSL_error(int code, int? expected)
    {
        var exception = new IOException("outer", new CryptographicException("inner") { HResult = code });

        Assert.Equal(expected, TlsAlerts.In(exception));
    }

    // RFC 8446 §5.1: a record of a handshake, an empty one, and an alert; and one of two encrypted bytes more.
    [Theory]
    [InlineData("16030300020102" + "1603030000" + "15030300020246", 70)]
    [InlineData("16030300020102", null)]
    [InlineData("1503030004AABBCCDD", null)]
    public void An_alert_is_found_however_its_record_is_split(string hex, int? expected)
    {
        byte[] bytes = Convert.FromHexString(hex);
        for (int cut = 1; cut <= bytes.Length; cut++)
        {
            var scanner = new TlsRecordScanner();
            foreach (byte[] piece in bytes.Chunk(cut))
            {
                scanner.Add(piece);
            }

            Assert.Equal(expected, scanner.Alert);
        }
    }
}
