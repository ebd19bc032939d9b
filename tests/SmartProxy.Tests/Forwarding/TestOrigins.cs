using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SmartProxy.Tests.Forwarding;

/// <summary>A root and a server certificate for <c>*.test</c> and loopback, made once per run.</summary>
internal static class OriginCertificates
{
    private static readonly X509Certificate2 Root = MakeRoot();

    public static string RootPem => Root.ExportCertificatePem();

    public static X509Certificate2 Server { get; } = MakeServer("origin.test", "other.test");

    private static X509Certificate2 MakeRoot()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test origins", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority());
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    private static X509Certificate2 MakeServer(params string[] hosts)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={hosts[0]}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        hosts.ToList().ForEach(names.AddDnsName);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        return request.Create(Root, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), [1, 2, 3, 4]).CopyWithPrivateKey(key);
    }
}

/// <summary>A real origin.</summary>
internal sealed class TestOrigin : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestOrigin(WebApplication app, bool tls) => (_app, Scheme) = (app, tls ? "https" : "http");

    public string Scheme { get; }

    public int Port => new Uri(_app.Urls.First()).Port;

    public string Authority => $"origin.test:{Port}";

    public string Url => $"{Scheme}://{Authority}";

    /// <param name="handler">Answers.</param>
    /// <param name="protocols">What it speaks.</param>
    /// <param name="tls">Whether over TLS.</param>
    /// <param name="address">Where it listens; null for 127.0.0.1.</param>
    /// <param name="unsentBytes">What the system takes of its answers before they are read; null leaves that to the system.</param>
    public static async Task<TestOrigin> StartAsync(
        RequestDelegate handler, HttpProtocols protocols = HttpProtocols.Http1, bool tls = true, IPAddress? address = null, int? unsentBytes = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSockets(transport => transport.CreateBoundListenSocket = endpoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            if (unsentBytes is { } bytes)
            {
                socket.SendBufferSize = bytes;
            }

            return socket;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Listen(address ?? IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                if (tls)
                {
                    listen.UseHttps(OriginCertificates.Server);
                }
            });
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(handler);
        await app.StartAsync();
        return new TestOrigin(app, tls);
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>An origin on a bare socket: records the bytes of every request head it gets and answers with fixed bytes.</summary>
internal sealed class RawOrigin : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _answer;
    private readonly bool _atEnd;

    /// <param name="answer">What every request is answered with.</param>
    /// <param name="atEnd">Whether to answer only after the other side has said that it will send no more.</param>
    public RawOrigin(string answer, bool atEnd = false)
    {
        _atEnd = atEnd;
        _answer = Encoding.Latin1.GetBytes(answer);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Authority => $"origin.test:{Port}";

    /// <summary>Request heads in the order of their arrival.</summary>
    public System.Threading.Channels.Channel<string> Heads { get; } = System.Threading.Channels.Channel.CreateUnbounded<string>();

    public int Connections { get; private set; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                Connections++;
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var head = new StringBuilder();
            var one = new byte[1];
            try
            {
                while (await stream.ReadAsync(one) == 1)
                {
                    head.Append((char)one[0]);
                    if (head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    {
                        Heads.Writer.TryWrite(head.ToString());
                        head.Clear();
                        await stream.WriteAsync(_atEnd ? [] : _answer);
                    }
                }

                await stream.WriteAsync(_atEnd ? _answer : []);
            }
            catch (IOException)
            {
                // The proxy dropped the connection.
            }
        }
    }
}
