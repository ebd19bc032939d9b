using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>A request as the origin got it.</summary>
/// <param name="Connection">The number of the connection that it came on.</param>
/// <param name="Message">The request.</param>
internal sealed record Received(int Connection, WireMessage Message);

/// <summary>
/// An origin on bare sockets that records every request, whole or broken off, and reads them with no lenience. What it can't read is a violation:
/// the proxy has let something through that two servers could understand differently.
/// </summary>
internal sealed class RecordingOrigin : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<int, WireReader> _readers = new();
    private readonly bool _tls;
    private int _connections;

    public RecordingOrigin(bool tls)
    {
        _tls = tls;
        _listener.Start(512);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Authority => $"origin.test:{Port}";

    public ConcurrentQueue<Received> Requests { get; } = new();

    /// <summary>Requests that their sender gave up, as far as they came: their connection has ended, and nobody's request follows.</summary>
    public ConcurrentQueue<string> CutOff { get; } = new();

    public ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>What a request is answered with: bytes, and whether the connection ends behind them. Null gives an echo of its target and tag.</summary>
    public Func<WireMessage, (byte[] Bytes, bool Ends)?> Answer { get; set; } = _ => null;

    /// <summary>Waits until no request is half read: what was given up has been recorded.</summary>
    public async Task UntilQuietAsync(CancellationToken cancellationToken)
    {
        while (_readers.Values.Any(reader => reader.IsWithinRequest))
        {
            await Task.Delay(5, cancellationToken);
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
                _ = ServeAsync(client, Interlocked.Increment(ref _connections));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client, int number)
    {
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await using Stream stream = _tls ? await SecureAsync(client) : client.GetStream();
                await ServeAsync(stream, number);
            }
            catch (WireException violation)
            {
                Violations.Enqueue(violation.Message);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // The proxy dropped the connection.
            }
            finally
            {
                _readers.TryRemove(number, out _);
            }
        }
    }

    private async Task ServeAsync(Stream stream, int number)
    {
        var reader = _readers[number] = new WireReader(stream);
        while (await ReadAsync(reader, stream) is { } request)
        {
            Requests.Enqueue(new Received(number, request));
            var (bytes, ends) = Answer(request) ?? (Echo(request), false);
            await stream.WriteAsync(bytes);
            await stream.FlushAsync();
            if (ends)
            {
                return;
            }
        }
    }

    private async Task<WireMessage?> ReadAsync(WireReader reader, Stream stream)
    {
        try
        {
            return await reader.ReadRequestAsync(head => head.Has("Expect") ? stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray()).AsTask() : Task.CompletedTask, CancellationToken.None);
        }
        catch (WireException cut) when (cut.Message.Contains("cut off", StringComparison.Ordinal))
        {
            CutOff.Enqueue(reader.Begun);
            return null;
        }
    }

    /// <summary>An answer that says whose request it answers.</summary>
    public static byte[] Echo(WireMessage request)
    {
        var body = $"{request.Target} {string.Join(',', request.Values("X-Tag"))}";
        var content = request.Start.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : body;
        return Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nDate: Tue, 01 Sep 2026 00:00:00 GMT\r\n\r\n{content}");
    }

    private static async Task<SslStream> SecureAsync(TcpClient client)
    {
        var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = OriginCertificates.Server,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        });
        return tls;
    }
}
