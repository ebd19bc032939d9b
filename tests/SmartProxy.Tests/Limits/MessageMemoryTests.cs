using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>Messages that are never finished, through the data path: they cost their agent its own connections.</summary>
public sealed class MessageMemoryTests
{
    private const int MessageBytes = 1_000_000;
    private const long Share = 4 * 1024 * 1024;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task Sockets_with_unfinished_messages_end_at_their_agents_share_and_give_it_back()
    {
        await using var origin = await TestOrigin.StartAsync(CountAsync, tls: false);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port], upstream => (upstream.MessageBudgetBytes, upstream.MessageAgentBytes) = (4 * Share, Share));
        var budget = proxy.Services.GetRequiredService<MessageBudget>();
        var greedy = new List<ClientWebSocket>();
        var ends = new List<Task>();
        for (var i = 0; i < 8; i++)
        {
            greedy.Add(await ConnectAsync(proxy, origin, "me", FakeAuthenticator.Token));
            ends.Add(EndAsync(greedy[^1]));
            await Record.ExceptionAsync(() => greedy[^1].SendAsync(new byte[MessageBytes], WebSocketMessageType.Binary, endOfMessage: false, Stop));
        }

        await await Task.WhenAny(ends);
        Assert.InRange(budget.Left, 3 * Share, 4 * Share);
        using (var other = await ConnectAsync(proxy, origin, "you", "sp_other"))
        {
            await other.SendAsync(new byte[MessageBytes], WebSocketMessageType.Binary, endOfMessage: true, Stop);
            Assert.Equal(WebSocketMessageType.Text, (await other.ReceiveAsync(new byte[10], Stop)).MessageType);
        }

        greedy.ForEach(socket => socket.Dispose());
        while (budget.Left < 4 * Share)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(ProxyFixture proxy, TestOrigin origin, string agent, string token)
    {
        var socket = new ClientWebSocket();
        socket.Options.Proxy = new WebProxy($"http://127.0.0.1:{proxy.Port}") { Credentials = new NetworkCredential(agent, token) };
        await socket.ConnectAsync(new Uri($"ws://{origin.Authority}/"), Stop);
        return socket;
    }

    private static async Task EndAsync(ClientWebSocket socket) => await Record.ExceptionAsync(() => socket.ReceiveAsync(new byte[10], Stop));

    // Says something when a message is over.
    private static async Task CountAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        await Record.ExceptionAsync(async () =>
        {
            while (!(await socket.ReceiveAsync(buffer, context.RequestAborted)).EndOfMessage)
            {
            }

            await socket.SendAsync("over"u8.ToArray(), WebSocketMessageType.Text, true, context.RequestAborted);
            await socket.ReceiveAsync(buffer, context.RequestAborted);
        });
    }
}
