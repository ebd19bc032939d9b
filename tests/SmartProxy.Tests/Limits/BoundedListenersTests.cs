using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Connections;
using SmartProxy.Options;

namespace SmartProxy.Tests.Limits;

/// <summary>No more connections are accepted than there are files for, and a connection has its file until it is disposed of.</summary>
public sealed class BoundedListenersTests : IAsyncLifetime
{
    private const int Places = 1;
    private const int Most = Places + 16;

    private readonly List<(Socket Client, ConnectionContext Connection)> _open = [];
    private BoundedListeners _listeners = null!;
    private IConnectionListener _listener = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var slots = new ConnectionSlots(Microsoft.Extensions.Options.Options.Create(new ConnectionOptions { MaxConnections = Places }));
        var transport = new SocketTransportFactory(Microsoft.Extensions.Options.Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _listeners = new BoundedListeners(transport, slots);
        _listener = await _listeners.BindAsync(new IPEndPoint(IPAddress.Loopback, 0), Stop);
        for (var i = 0; i < Most; i++)
        {
            var client = await ConnectAsync();
            _open.Add((client, (await _listener.AcceptAsync(Stop))!));
        }
    }

    [Fact]
    public async Task What_its_client_has_left_keeps_its_place_until_it_is_disposed_of()
    {
        using var waiting = await ConnectAsync();
        var next = _listener.AcceptAsync(Stop).AsTask();
        var (client, left) = _open[0];
        client.Dispose();
        await ClosedAsync(left);

        Assert.False(next.IsCompleted);

        await left.DisposeAsync();
        await (await next)!.DisposeAsync();
    }

    [Fact]
    public async Task Who_stops_listening_waits_for_no_place()
    {
        var next = _listener.AcceptAsync(Stop).AsTask();

        await _listener.UnbindAsync(Stop);

        Assert.Null(await next);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (client, connection) in _open)
        {
            client.Dispose();
            await connection.DisposeAsync();
        }

        await _listener.DisposeAsync();
        _listeners.Dispose();
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_listener.EndPoint, Stop);
        return socket;
    }

    private static async Task ClosedAsync(ConnectionContext connection)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = connection.ConnectionClosed.Register(closed.SetResult);
        await closed.Task.WaitAsync(Stop);
    }
}
