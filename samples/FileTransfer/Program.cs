// Uploads a file as one message, and downloads it again, each with a progress bar. Neither end has the whole file in memory.
//
//   dotnet run --project samples/FileTransfer [FILE]
//
// prints
//
//   upload   [####################] 100 %, 64 MiB
//   download [####################] 100 %, 64 MiB
//   the files are equal

using System.Net;
using System.Security.Cryptography;
using Sockeye;

string directory = Directory.CreateTempSubdirectory("sockeye").FullName;
string stored = Path.Combine(directory, "stored");
string downloaded = Path.Combine(directory, "downloaded");
string path = args.Length > 0 ? args[0] : Path.Combine(directory, "sample");
if (args.Length == 0)
{
    await File.WriteAllBytesAsync(path, RandomNumberGenerator.GetBytes(64 * 1024 * 1024));
}

// Messages are delivered as they arrive, so that their length is not bounded by memory.
var connectionOptions = new WebSocketConnectionOptions
{
    DeliverFragments = true,
    Limits = new() { MaxMessageLength = long.MaxValue },
};
var serverOptions = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    Connection = connectionOptions,
};
await using (WebSocketServer server = await WebSocketServer.StartAsync(serverOptions, ServeAsync))
await using (WebSocketConnection client = await WebSocketClient.ConnectAsync(
    $"ws://127.0.0.1:{server.Port}/", new WebSocketClientOptions { Connection = connectionOptions }))
{
    long length = new FileInfo(path).Length;
    await using (FileStream file = File.OpenRead(path))
    {
        await SendAsync(client, file, done => ShowProgress("upload  ", done, length));
    }

    await using (FileStream file = File.Create(downloaded))
    {
        WebSocketMessageStream message = await client.ReceiveMessageStreamAsync()
            ?? throw new EndOfStreamException("The server closed the connection.");
        await CopyAsync(message, file, done => ShowProgress("download", done, length));
    }
}

byte[] sent = SHA256.HashData(await File.ReadAllBytesAsync(path));
byte[] received = SHA256.HashData(await File.ReadAllBytesAsync(downloaded));
Console.WriteLine(sent.SequenceEqual(received) ? "the files are equal" : "the files differ");
Directory.Delete(directory, recursive: true);

// The server stores each message in a file, and sends it back from there.
async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellation)
{
    await foreach (WebSocketMessageStream message in connection.ReadAllMessageStreamsAsync(cancellation))
    {
        await using FileStream file = new(stored, FileMode.Create, FileAccess.ReadWrite);
        await message.CopyToAsync(file, cancellation);
        file.Position = 0;
        await SendAsync(connection, file, done => { });
    }
}

static async Task SendAsync(WebSocketConnection connection, Stream source, Action<long> progress)
{
    await using WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary);
    await CopyAsync(source, writer, progress);
    await writer.CompleteAsync();
}

static async Task CopyAsync(Stream source, Stream target, Action<long> progress)
{
    byte[] buffer = new byte[64 * 1024];
    int length;
    for (long done = 0; (length = await source.ReadAsync(buffer)) > 0; progress(done))
    {
        await target.WriteAsync(buffer.AsMemory(0, length));
        done += length;
    }
}

// One line that changes; only the last state if the output is not a console.
static void ShowProgress(string name, long done, long length)
{
    if (!Console.IsOutputRedirected || done == length)
    {
        int filled = (int)(20 * done / length);
        string bar = new string('#', filled).PadRight(20, '.');
        Console.Write($"{(Console.IsOutputRedirected ? "" : "\r")}{name} [{bar}] {100 * done / length,3} %, {done >> 20} MiB");
        Console.Write(done == length ? "\n" : "");
    }
}
