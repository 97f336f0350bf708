namespace Sockeye.AspNetCore.Kestrel;

/// <summary>The client has disconnected during the hand-over of its socket, or does not read the response.</summary>
/// <param name="message">What has happened.</param>
/// <param name="inner">The cause; <see langword="null"/> if there is none.</param>
internal sealed class ClientLostException(string message, Exception? inner = null) : IOException(message, inner);
