namespace Sockeye.Transports.Tls;

/// <summary>The requests that the loop of a <see cref="TlsTransport"/> has yet to execute.</summary>
[Flags]
internal enum TlsRequests
{
    None = 0,
    Write = 1,
    EndOutput = 2,
    Close = 4,
}
