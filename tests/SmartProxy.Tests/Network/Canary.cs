using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SmartProxy.Tests.Network;

/// <summary>A listener that nothing may reach. It counts, and answers in a way that can't be overlooked.</summary>
internal sealed class Canary : IDisposable
{
    public const string Song = "canary was reached";

    private static readonly byte[] Answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Song.Length}\r\n\r\n{Song}");

    private readonly TcpListener _listener;
    private int _connections;

    /// <param name="address">Where; null for every address of this machine, in both families.</param>
    /// <param name="port">0 for any free one.</param>
    public Canary(IPAddress? address = null, int port = 0)
    {
        _listener = address is null ? TcpListener.Create(port) : new TcpListener(address, port);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections, whether or not a byte came over them.</summary>
    public int Connections => Volatile.Read(ref _connections) + (_listener.Pending() ? 1 : 0);

    /// <summary>Two on the same port: one that is free at the first address may be taken at the second.</summary>
    public static (Canary First, Canary Second) OnOnePort(IPAddress first, IPAddress second)
    {
        while (true)
        {
            var one = new Canary(first);
            try
            {
                return (one, new Canary(second, one.Port));
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                one.Dispose();
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _connections);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    // One request for one answer; the connection stays open for the next, unless the request says otherwise.
    private static async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var buffer = new byte[16 * 1024];
                for (int count; (count = await client.GetStream().ReadAsync(buffer)) > 0;)
                {
                    await client.GetStream().WriteAsync(Answer);
                    if (Encoding.ASCII.GetString(buffer, 0, count).Contains("Connection: close", StringComparison.Ordinal))
                    {
                        return;
                    }
                }
            }
            catch (IOException)
            {
                // The other side is gone.
            }
        }
    }
}
