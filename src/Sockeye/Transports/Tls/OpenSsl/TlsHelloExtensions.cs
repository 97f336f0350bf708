using System.Buffers.Binary;
using System.Globalization;
using System.Security.Authentication;
using System.Text;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>The extensions of a ClientHello by which a server selects its options (RFC 8446 §4.1.2).</summary>
internal static class TlsHelloExtensions
{
    /// <summary>server_name (RFC 6066 §3).</summary>
    public const ushort ServerName = 0;

    /// <summary>supported_versions (RFC 8446 §4.2.1).</summary>
    public const ushort SupportedVersions = 43;

    private const byte HostName = 0;

    // A list's length, a name's type and its length.
    private const int NameHeaderLength = 5;
    private const int NameLengthIndex = 3;

    private static readonly IdnMapping Mapping = new();

    /// <summary>Returns the host name; empty if there is none, or it is not valid.</summary>
    public static string ServerNameIn(ReadOnlySpan<byte> extension)
    {
        if (extension.Length <= NameHeaderLength || extension[2] != HostName)
        {
            return "";
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(extension[NameLengthIndex..]);
        ReadOnlySpan<byte> name = extension[NameHeaderLength..];
        return length <= name.Length && Ascii.IsValid(name[..length]) ? Decode(Encoding.ASCII.GetString(name[..length])) : "";
    }

    /// <summary>Returns a host name that OpenSSL has read; empty if there is none, or it is not valid.</summary>
    public static string ServerNameOf(string? name) => name is not null && Ascii.IsValid(name) ? Decode(name) : "";

    /// <summary>Returns a host name as an application writes it, like <see cref="System.Net.Security.SslStream"/>: with letters of all scripts.</summary>
    public static string Decode(string name)
    {
        try
        {
            return Mapping.GetUnicode(name);
        }
        catch (ArgumentException)
        {
            // Not a name that can be decoded, so that it is taken as it is.
            return name;
        }
    }

    /// <summary>Returns the versions that a client offers.</summary>
    /// <param name="extension">supported_versions; empty if there is none.</param>
    /// <param name="legacyVersion">The highest version of a client without it (RFC 8446 §4.1.2).</param>
    public static SslProtocols VersionsIn(ReadOnlySpan<byte> extension, int legacyVersion)
    {
        if (extension.IsEmpty)
        {
            return Protocol(legacyVersion);
        }

        SslProtocols versions = SslProtocols.None;
        for (int i = 1; i + 1 < extension.Length; i += 2)
        {
            versions |= Protocol(BinaryPrimitives.ReadUInt16BigEndian(extension[i..]));
        }

        return versions;
    }

    private static SslProtocols Protocol(int version) => version switch
    {
#pragma warning disable CA5397 // What a client offers, not what is accepted.
        OpenSslNative.Tls12 => SslProtocols.Tls12,
        OpenSslNative.Tls13 => SslProtocols.Tls13,
#pragma warning restore CA5397
        _ => SslProtocols.None,
    };
}
