// A chat in JSON, with rooms that are made by the first to enter and removed by the last to leave.
//
//   dotnet run --project samples/JsonChat
//
// prints
//
//   Ada in "math": Grace entered
//   Ada in "math": Grace says: the bug was a moth
//   Grace in "math": Grace says: the bug was a moth
//   Ada in "math": Grace left
//   Rejected: The message is not valid JSON for the type Request.
//   Rooms left: 1

using System.Net;
using System.Text.Json.Serialization;
using Sockeye;

var chat = new Chat();
var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
await using var server = await WebSocketServer.StartAsync(options, chat.ServeAsync);

await using WebSocketConnection ada = await EnterAsync("Ada", "math");
await using WebSocketConnection grace = await EnterAsync("Grace", "math");
await ShowNextAsync("Ada", ada);

await grace.SendJsonAsync(new Request(Say: "the bug was a moth"), ChatJson.Default.Request);
await ShowNextAsync("Ada", ada);
await ShowNextAsync("Grace", grace);

await grace.CloseAsync();
await ShowNextAsync("Ada", ada);

await ada.SendAsync("hello?");
Notice rejection = await NextAsync(ada);
Console.WriteLine($"Rejected: {rejection.Text}");
Console.WriteLine($"Rooms left: {chat.RoomCount}");

async Task<WebSocketConnection> EnterAsync(string name, string room)
{
    WebSocketConnection connection = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/");
    await connection.SendJsonAsync(new Request(Enter: room, Name: name), ChatJson.Default.Request);
    await NextAsync(connection);
    return connection;
}

async Task<Notice> NextAsync(WebSocketConnection connection) =>
    await connection.ReceiveJsonAsync(ChatJson.Default.Notice) ?? throw new InvalidOperationException("The chat has ended.");

async Task ShowNextAsync(string name, WebSocketConnection connection)
{
    Notice notice = await NextAsync(connection);
    Console.WriteLine($"{name} in \"{notice.Room}\": {notice.Text}");
}

/// <summary>What a client sends: a room to enter with a name, or something to say there.</summary>
internal sealed record Request(string? Enter = null, string? Name = null, string? Say = null);

/// <summary>What all members of a room get.</summary>
internal sealed record Notice(string Room, string Text);

[JsonSerializable(typeof(Request))]
[JsonSerializable(typeof(Notice))]
internal sealed partial class ChatJson : JsonSerializerContext;
