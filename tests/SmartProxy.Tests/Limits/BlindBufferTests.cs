using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>What an agent can leave with us for an origin that does not read.</summary>
public sealed class BlindBufferTests
{
    private const int BufferBytes = 131_072;
    private const int RelayBytes = 16 * 1024;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_blind_tunnel_holds_no_more_than_the_setting_says()
    {
        using var origin = new TcpListener(IPAddress.Loopback, 0);
        origin.Start();
        var port = ((IPEndPoint)origin.LocalEndpoint).Port;
        await using var proxy = await ProxyFixture.StartAsync([port], connections: options => (options.BufferBytes, options.RequestHeadersBytes) = (BufferBytes, BufferBytes));
        proxy.Policy.Swap(TunnelTreatment.Blind);
        using var agent = await proxy.OpenTunnelAsync($"127.0.0.1:{port}", Stop);
        using var accepted = await origin.AcceptSocketAsync(Stop);

        var pushed = await PushAsync(agent.Socket);
        var waits = InKernel(((IPEndPoint)agent.Socket.LocalEndPoint!).Port) + InKernel(port);

        Assert.True(pushed > BufferBytes, "the tunnel was not filled");
        Assert.True(pushed - waits <= BufferBytes + RelayBytes, $"{pushed - waits} bytes are held, of {pushed} that were sent");
    }

    // Until nothing has moved for many tries.
    private static async Task<long> PushAsync(Socket socket)
    {
        socket.Blocking = false;
        var (piece, pushed) = (new byte[64 * 1024], 0L);
        for (var refusals = 0; refusals < 100;)
        {
            var sent = socket.Send(piece, SocketFlags.None, out var error);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock, error.ToString());
            (pushed, refusals) = (pushed + sent, sent > 0 ? 0 : refusals + 1);
            if (sent == 0)
            {
                await Task.Delay(5, Stop);
            }
        }

        return pushed;
    }

    // `sl local rem st tx:rx …`, numbers in hex: what both ends of a connection have not yet sent, or not yet read.
    private static long InKernel(int port) => ((string[])["tcp", "tcp6"]).SelectMany(table => File.ReadLines("/proc/self/net/" + table).Skip(1))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(cells => cells[3] == "01" && (PortOf(cells[1]) == port || PortOf(cells[2]) == port))
        .Sum(cells => cells[4].Split(':').Sum(queue => Hex(queue)));

    private static long PortOf(string endpoint) => Hex(endpoint.Split(':')[1]);

    private static long Hex(string text) => long.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
