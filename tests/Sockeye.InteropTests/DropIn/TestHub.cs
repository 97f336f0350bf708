using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;

namespace Sockeye.Tests;

/// <summary>A hub with one method for each thing that hubs do.</summary>
#pragma warning disable CA1822 // SignalR calls instance methods only.
internal sealed class TestHub(CuttableRelay relay) : Hub
{
    public string Echo(string text) => text;

    public byte[] Reverse(byte[] bytes)
    {
        Array.Reverse(bytes);
        return bytes;
    }

    public async IAsyncEnumerable<int> Count(int end, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (int i = 0; i < end; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return i;
            await Task.Yield();
        }
    }

    public async Task<int> Sum(IAsyncEnumerable<int> numbers)
    {
        int sum = 0;
        await foreach (int number in numbers)
        {
            sum += number;
        }

        return sum;
    }

    public async Task Join(string group) => await Groups.AddToGroupAsync(Context.ConnectionId, group);

    public async Task ToGroup(string group, string text) => await Clients.Group(group).SendAsync("told", text);

    /// <summary>Cuts all connections, and sends to the caller, which is gone.</summary>
    public async Task<string> CutAndTell(int count)
    {
        relay.Cut();
        for (int i = 0; i < count; i++)
        {
            await Clients.Caller.SendAsync("numbered", i);
        }

        return Context.ConnectionId;
    }

    public void Leave() => Context.Abort();
}
