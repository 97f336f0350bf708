using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Client;

/// <summary>The layers of a client's TLS over an event loop's transport, which the connection takes apart after the response.</summary>
/// <param name="Transport">The transport as a stream.</param>
/// <param name="Ciphertext">The stream between it and TLS.</param>
/// <param name="Witness">What watches the handshakes above that.</param>
/// <param name="Tls">TLS.</param>
/// <param name="Plaintext">What the HTTP client reads from.</param>
internal sealed record LoopTls(TransportStream Transport, CiphertextStream Ciphertext, TlsWitness Witness, SslStream Tls, BoundedStream Plaintext);
