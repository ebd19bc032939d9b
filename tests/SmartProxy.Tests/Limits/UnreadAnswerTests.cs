using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>What an agent leaves unread is bounded, wherever it waits: here, or in the operating system.</summary>
public sealed class UnreadAnswerTests : IAsyncDisposable
{
    private const int MegaByte = 1024 * 1024;
    private static readonly TimeSpan Still = TimeSpan.FromSeconds(1);

    private TestOrigin _origin = null!;
    private ProxyFixture _proxy = null!;
    private long _sent;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <remarks>Over a line of some length, on which the library would make its windows larger the more is read.</remarks>
    [Fact]
    public async Task An_http2_origin_sends_no_further_ahead_than_its_window()
    {
        _origin = await TestOrigin.StartAsync(SendForEverAsync, HttpProtocols.Http2);
        using var line = new SlowLine(_origin.Port, TimeSpan.FromMilliseconds(20));
        _proxy = await ProxyFixture.StartAsync([line.Port]);
        var authority = $"origin.test:{line.Port}";
        using var tunnel = await _proxy.OpenTunnelAsync(authority, Stop);
        tunnel.Socket.ReceiveBufferSize = 256 * 1024;
        await using var tls = new SslStream(tunnel.Stream, leaveInnerStreamOpen: true, _proxy.TrustsOurAuthority);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "origin.test" }, Stop);
        await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"), Stop);
        var read = await ReadAsync(tls, 30 * MegaByte);

        Assert.InRange(await UntilItStandsStillAsync() - read, 0, 2 * MegaByte);
    }

    [Fact]
    public async Task The_system_keeps_little_for_an_agent_that_stops_reading()
    {
        _origin = await TestOrigin.StartAsync(SendForEverAsync, tls: false);
        _proxy = await ProxyFixture.StartAsync([_origin.Port]);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };
        await socket.ConnectAsync("127.0.0.1", _proxy.Port, Stop);
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"GET http://{_origin.Authority}/ HTTP/1.1\r\nHost: {_origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n"), Stop);
        await using var stream = new NetworkStream(socket);
        await ReadAsync(stream, 30 * MegaByte);
        await UntilItStandsStillAsync();

        Assert.InRange(await WaitingAsync(socket), 0, 512 * 1024);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private async Task SendForEverAsync(HttpContext context)
    {
        var piece = new byte[16 * 1024];
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            Interlocked.Add(ref _sent, piece.Length);
        }
    }

    private async Task<long> UntilItStandsStillAsync()
    {
        while (true)
        {
            var sent = Interlocked.Read(ref _sent);
            await Task.Delay(Still, Stop);
            if (sent == Interlocked.Read(ref _sent))
            {
                return sent;
            }
        }
    }

    private static async Task<long> ReadAsync(Stream stream, long bytes)
    {
        var (buffer, total) = (new byte[64 * 1024], 0L);
        while (total < bytes)
        {
            total += await stream.ReadAtLeastAsync(buffer, 1, cancellationToken: Stop);
        }

        return total;
    }

    // `local remote state tx_queue:rx_queue` of the proxy's end of the connection, in hexadecimal.
    private static async Task<int> WaitingAsync(Socket socket)
    {
        var ends = $" 0100007F:{Port(socket.RemoteEndPoint!)} 0100007F:{Port(socket.LocalEndPoint!)} 01 ";
        var line = (await File.ReadAllLinesAsync("/proc/net/tcp", Stop)).Single(line => line.Contains(ends, StringComparison.Ordinal));
        return int.Parse(line.AsSpan(line.IndexOf(ends, StringComparison.Ordinal) + ends.Length, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static string Port(EndPoint endpoint) => ((IPEndPoint)endpoint).Port.ToString("X4", CultureInfo.InvariantCulture);

    /// <summary>Carries bytes to a port and back, each way with a delay.</summary>
    private sealed class SlowLine : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TimeSpan _delay;

        public SlowLine(int port, TimeSpan delay)
        {
            _delay = delay;
            _listener.Start();
            _ = AcceptAsync(port);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync(int port)
        {
            try
            {
                while (true)
                {
                    var near = await _listener.AcceptTcpClientAsync();
                    var far = new TcpClient { NoDelay = true };
                    await far.ConnectAsync(IPAddress.Loopback, port);
                    _ = CarryAsync(near.GetStream(), far.GetStream());
                    _ = CarryAsync(far.GetStream(), near.GetStream());
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task CarryAsync(Stream from, Stream to)
        {
            var way = Channel.CreateUnbounded<(long At, byte[] Bytes)>();
            var leaving = LeaveAsync(way.Reader, to);
            try
            {
                var buffer = new byte[64 * 1024];
                for (int count; (count = await from.ReadAsync(buffer)) > 0;)
                {
                    way.Writer.TryWrite((TimeProvider.System.GetTimestamp(), buffer[..count]));
                }
            }
            catch (IOException)
            {
                // One end is gone.
            }

            way.Writer.Complete();
            await leaving;
            await to.DisposeAsync();
        }

        private async Task LeaveAsync(ChannelReader<(long At, byte[] Bytes)> way, Stream to)
        {
            try
            {
                await foreach (var (at, bytes) in way.ReadAllAsync())
                {
                    var left = _delay - TimeProvider.System.GetElapsedTime(at);
                    await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
                    await to.WriteAsync(bytes);
                }
            }
            catch (IOException)
            {
                // One end is gone.
            }
        }
    }
}
