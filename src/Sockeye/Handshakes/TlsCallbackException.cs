using System.Net.Security;

namespace Sockeye.Handshakes;

/// <summary>
/// A callback of the application threw during a handshake of TLS. Carries the exception past TLS: thrown as it is, an
/// <see cref="IOException"/> would look like one of the peer's transport, and an <see cref="OperationCanceledException"/> like a
/// deadline.
/// </summary>
internal sealed class TlsCallbackException(Exception thrown) : Exception("A callback of the application threw.", thrown)
{
    /// <summary>What the application threw, if that is what an exception is about; else the exception.</summary>
    public static Exception Unwrap(Exception exception)
    {
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is TlsCallbackException { InnerException: { } thrown })
            {
                return thrown;
            }
        }

        return exception;
    }

    /// <summary>A callback that marks what it throws.</summary>
    public static LocalCertificateSelectionCallback? Mark(LocalCertificateSelectionCallback? callback) =>
        callback is null ? null : (sender, host, local, remote, issuers) =>
        {
            try
            {
                return callback(sender, host, local, remote, issuers);
            }
            catch (Exception exception)
            {
                throw new TlsCallbackException(exception);
            }
        };

    /// <summary>A callback that marks what it throws.</summary>
    public static ServerCertificateSelectionCallback? Mark(ServerCertificateSelectionCallback? callback) =>
        callback is null ? null : (sender, host) =>
        {
            try
            {
                return callback(sender, host);
            }
            catch (Exception exception)
            {
                throw new TlsCallbackException(exception);
            }
        };
}
