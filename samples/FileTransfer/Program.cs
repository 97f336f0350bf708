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

const int SampleLength = 64 * 1024 * 1024;

string directory = Directory.CreateTempSubdirectory("sockeye").FullName;
string stored = Path.Combine(directory, "stored");
string downloaded = Path.Combine(directory, "downloaded");
string path = args.Length > 0 ? args[0] : await CreateSampleAsync();

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
        await SendAsync(client, file, new ProgressBar("upload  ", length));
    }

    await using (FileStream file = File.Create(downloaded))
    {
        WebSocketMessageStream message = await client.ReceiveMessageStreamAsync()
            ?? throw new EndOfStreamException("The server closed the connection.");
        await CopyAsync(message, file, new ProgressBar("download", length));
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
        await SendAsync(connection, file, progress: null);
    }
}

static async Task SendAsync(WebSocketConnection connection, Stream source, ProgressBar? progress)
{
    await using WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary);
    await CopyAsync(source, writer, progress);
    await writer.CompleteAsync();
}

static async Task CopyAsync(Stream source, Stream target, ProgressBar? progress)
{
    byte[] buffer = new byte[64 * 1024];
    int length;
    while ((length = await source.ReadAsync(buffer)) > 0)
    {
        await target.WriteAsync(buffer.AsMemory(0, length));
        progress?.Add(length);
    }
}

async Task<string> CreateSampleAsync()
{
    string sample = Path.Combine(directory, "sample");
    await File.WriteAllBytesAsync(sample, RandomNumberGenerator.GetBytes(SampleLength));
    return sample;
}
