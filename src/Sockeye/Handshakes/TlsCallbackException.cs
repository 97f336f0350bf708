using System.Net.Security;

namespace Sockeye.Handshakes;

/// <summary>
/// Wraps an exception that a callback of the application threw during a TLS handshake. Without it, an <see cref="IOException"/>
/// would look like a failure of the peer's transport, and an <see cref="OperationCanceledException"/> like a timeout.
/// </summary>
internal sealed class TlsCallbackException(Exception thrown) : Exception("A callback of the application threw.", thrown)
{
    /// <summary>Returns the exception of the application, if the given one contains it; otherwise the given one.</summary>
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

    /// <summary>Returns a callback that wraps the exceptions of the given one.</summary>
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

    /// <summary>Returns a callback that wraps the exceptions of the given one.</summary>
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
