using System.Net.Sockets;

namespace Sockeye.Client;

/// <summary>Describes why a Unix socket or a named pipe could not be connected to.</summary>
internal static class SocketPathFailure
{
    /// <summary>Creates the exception, which names the path and the reason.</summary>
    /// <param name="path">The path, as the application gave it.</param>
    /// <param name="cause">The system's exception.</param>
    public static IOException Create(string path, Exception cause) =>
        new($"Cannot connect to '{path}': {Describe(path, cause)}.", cause);

    private static string Describe(string path, Exception cause) => cause switch
    {
        // .NET maps ENOENT to this.
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "there is no such file (ENOENT)",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
            "nothing accepts connections there (ECONNREFUSED)",
        SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException =>
            "permission denied (EACCES)",
        SocketException { SocketErrorCode: SocketError.ProtocolType } =>
            "the socket there is not a stream socket (EPROTOTYPE)",
        SocketException { SocketErrorCode: SocketError.SocketError } when IsBelowFile(path) =>
            "a part of the path is not a directory (ENOTDIR)",
        TimeoutException => "the pipe does not exist, or all of its instances are busy",
        _ => cause.Message.TrimEnd('.'),
    };

    private static bool IsBelowFile(string path)
    {
        for (string? parent = Path.GetDirectoryName(path); parent is { Length: > 0 }; parent = Path.GetDirectoryName(parent))
        {
            if (File.Exists(parent))
            {
                return true;
            }
        }

        return false;
    }
}
