namespace Sockeye.Tests;

/// <summary>Which end of TLS in place is tested, and what does TLS there.</summary>
public enum TappedEnd
{
    /// <summary>A client.</summary>
    Client,

    /// <summary>A server, by SslStream.</summary>
    Server,

    /// <summary>A server, by OpenSSL.</summary>
    OpenSslServer,
}
