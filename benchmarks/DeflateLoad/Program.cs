// A load generator for echo servers that uses permessage-deflate (RFC 7692): JSON-like text, compressed in advance.
//
//   DeflateLoad PORT PID PATH CONNECTIONS DEPTH LENGTH SECONDS WARMUP
// A PATH that ends in "takeover" requests context takeover; any other one requests none. First verifies all echoes. Then prints
// one line of JSON: CPU time of process PID per message, bytes on the wire per echo, and memory of the process per connection. If
// SECONDS is 0, each connection sends one message only.

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sockeye.Benchmarks;

int port = Number(args[0]);
var server = new ServerProcess(Number(args[1]));
string path = args[2];
int depth = Number(args[4]);
var messages = new DeflatedMessages(Number(args[5]), path.EndsWith("takeover", StringComparison.Ordinal));
double seconds = double.Parse(args[6], CultureInfo.InvariantCulture);
double warmup = double.Parse(args[7], CultureInfo.InvariantCulture);

using LoadConnection check = await LoadConnection.OpenAsync(port, path, messages);
await check.CheckAsync(messages.Texts.Length + 2);

long residentBefore = server.ResidentLength();
var connections = new LoadConnection[Number(args[3])];
for (int i = 0; i < connections.Length; i++)
{
    connections[i] = await LoadConnection.OpenAsync(port, path, messages);
}

if (seconds == 0)
{
    foreach (LoadConnection connection in connections)
    {
        await connection.RunAsync(depth: 1, count: 1);
    }

    await Task.Delay(TimeSpan.FromSeconds(warmup));
    Print(new
    {
        agreed = check.Agreed,
        resident_bytes_per_conn = (server.ResidentLength() - residentBefore) / connections.Length,
    });
    return;
}

Task[] running = [.. connections.Select(connection => Task.Run(() => connection.RunAsync(depth)))];
await Task.Delay(TimeSpan.FromSeconds(warmup));
var (countBefore, lengthBefore, timeBefore, clock) = (Count(), Length(), server.ProcessorTime(), Stopwatch.StartNew());
await Task.Delay(TimeSpan.FromSeconds(seconds));
var (count, length, time) = (Count() - countBefore, Length() - lengthBefore, server.ProcessorTime() - timeBefore);
if (running.FirstOrDefault(task => task.IsFaulted) is { } failed)
{
    await failed;
}

Print(new
{
    agreed = check.Agreed,
    msgs = count,
    msg_s = count / clock.Elapsed.TotalSeconds,
    srv_cpu_us_per_msg = 1e6 * time / count,
    wire_bytes_per_msg = (double)length / count,
});
Environment.Exit(0);

long Count() => connections.Sum(connection => connection.AnswerCount);
long Length() => connections.Sum(connection => connection.AnswerLength);
static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
static void Print(object value) => Console.WriteLine(JsonSerializer.Serialize(value));
