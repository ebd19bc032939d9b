using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Forwarding;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Identity;
using SmartProxy.Options;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Forwarding;

/// <summary>The data path on real sockets, with identity, policy and payments played by fakes. Names ending in <c>.test</c> resolve to loopback.</summary>
internal sealed class ProxyFixture : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly WebApplication _app;

    private ProxyFixture(IEnumerable<int> originPorts, Action<UpstreamOptions>? upstream, Action<ConnectionOptions>? connections, Action<EgressOptions>? egress, ProxyTls? tls)
    {
        var authorities = new AuthorityFolder(_folder.File("ca"));
        Authority = authorities.Create(TimeProvider.System.GetUtcNow(), []).Current;
        File.WriteAllText(_folder.File("extra.pem"), OriginCertificates.RootPem);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<EgressOptions>(o =>
        {
            originPorts.ToList().ForEach(port => o.Allow.Add($"127.0.0.1:{port}"));
            egress?.Invoke(o);
        });
        builder.Services.Configure<UpstreamOptions>(o =>
        {
            o.ExtraCaFile = _folder.File("extra.pem");
            upstream?.Invoke(o);
        });
        builder.Services.Configure<ConnectionOptions>(o =>
        {
            o.HandshakeSeconds = 120; // many tests share few cores
            connections?.Invoke(o);
        });
        builder.Services.AddSingleton<IAgentAuthenticator>(Agents);
        builder.Services.AddSingleton<IPolicyView>(Policy);
        builder.Services.AddSingleton<IPaymentFlow>(Flow);
        builder.Services.AddSingleton<IPaymentGuard>(Guard);
        builder.Services.AddSingleton(provider => new Authorities(authorities, TimeProvider.System, provider.GetRequiredService<ILogger<Authorities>>()));
        builder.Services.AddSingleton(provider => new NameLookups(provider.GetRequiredService<IOptions<UpstreamOptions>>(), name => Resolve(name).GetAwaiter().GetResult()));
        builder.Services.AddDataPath();
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            KestrelSetup.Apply(kestrel, kestrel.ApplicationServices.GetRequiredService<IOptions<ConnectionOptions>>().Value);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSmartProxy(
                tls is null ? null : ActivatorUtilities.CreateInstance<OwnTls>(kestrel.ApplicationServices, tls)));
        });
        _app = builder.Build();
        var endpoint = _app.Services.GetRequiredService<ForwardingEndpoint>();
        _app.Run(context => endpoint.InvokeAsync(context, ours => ours.Response.WriteAsync("ours")));
    }

    public FakeAuthenticator Agents { get; } = new();

    public FakePolicy Policy { get; } = new();

    public ScriptedFlow Flow { get; } = new();

    public FakeGuard Guard { get; } = new();

    public CertificateAuthority Authority { get; }

    /// <summary>The authority's certificate, as agents get it.</summary>
    public string AuthorityFile => _folder.File("ca/ca.pem");

    public Func<string, Task<IPAddress[]>> Resolve { get; set; } = name =>
        name.EndsWith(".test", StringComparison.Ordinal) ? Task.FromResult<IPAddress[]>([IPAddress.Loopback]) : Task.FromResult<IPAddress[]>([]);

    public int Port { get; private set; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ProxyFixture> StartAsync(
        IEnumerable<int> originPorts, Action<UpstreamOptions>? upstream = null, Action<ConnectionOptions>? connections = null, Action<EgressOptions>? egress = null, ProxyTls? tls = null)
    {
        var fixture = new ProxyFixture(originPorts, upstream, connections, egress, tls);
        await fixture._app.StartAsync();
        fixture.Port = new Uri(fixture._app.Urls.First()).Port;
        fixture.Services.GetRequiredService<OwnListeners>().Set([new IPEndPoint(IPAddress.Loopback, fixture.Port)]);
        return fixture;
    }

    /// <summary>A client as agents have them: proxy URL with token, our CA trusted, nothing else special.</summary>
    public HttpClient CreateClient(Version? version = null)
    {
        var handler = new SocketsHttpHandler
        {
            Proxy = new WebProxy($"http://127.0.0.1:{Port}") { Credentials = new NetworkCredential("me", FakeAuthenticator.Token) },
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(5),
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = TrustsOurAuthority },
        };
        return new HttpClient(handler)
        {
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public async Task<RawClient> ConnectAsync(CancellationToken cancellationToken) => await RawClient.ConnectAsync(Port, cancellationToken);

    /// <summary>A raw connection with an accepted tunnel.</summary>
    public async Task<RawClient> OpenTunnelAsync(string authority, CancellationToken cancellationToken, string? credentials = null)
    {
        var client = await ConnectAsync(cancellationToken);
        await client.SendAsync($"CONNECT {authority} HTTP/1.1\r\nProxy-Authorization: {credentials ?? FakeAuthenticator.Basic}\r\n\r\n", cancellationToken);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(cancellationToken), StringComparison.Ordinal);
        return client;
    }

    /// <summary>Sends a head with the agent's credentials on a connection of its own, and reads the answer.</summary>
    public async Task<string> SendAsync(string head)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var client = await ConnectAsync(cancellationToken);
        await client.SendAsync($"{head}Proxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", cancellationToken);
        return await client.ReadMessageAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Agents.Dispose();
        Authority.Dispose();
        _folder.Dispose();
    }

    public bool TrustsOurAuthority(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && Believes(Authority.Certificate, certificate);

    /// <summary>Whether a chain leads from a leaf to this root.</summary>
    public static bool Believes(X509Certificate2 root, X509Certificate? certificate)
    {
        using var strict = new X509Chain();
        strict.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        strict.ChainPolicy.CustomTrustStore.Add(root);
        strict.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return certificate is X509Certificate2 leaf && strict.Build(leaf);
    }
}

/// <summary>A socket that says exactly what a test says.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _tcp;

    private RawClient(TcpClient tcp) => (_tcp, Stream) = (tcp, tcp.GetStream());

    public Stream Stream { get; set; }

    public Socket Socket => _tcp.Client;

    public static async Task<RawClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        return new RawClient(tcp);
    }

    public Task SendAsync(string text, CancellationToken cancellationToken) => SendAsync(System.Text.Encoding.Latin1.GetBytes(text), cancellationToken);

    public async Task SendAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        await Stream.WriteAsync(bytes, cancellationToken);
        await Stream.FlushAsync(cancellationToken);
    }

    /// <summary>Reads up to and with a blank line, or to the end of the connection.</summary>
    public async Task<string> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var text = new System.Text.StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await ReadSomeAsync(one, cancellationToken) == 1)
        {
            text.Append((char)one[0]);
        }

        return text.ToString();
    }

    /// <summary>Reads a head and the body that its Content-Length announces.</summary>
    public async Task<string> ReadMessageAsync(CancellationToken cancellationToken)
    {
        var head = await ReadHeadAsync(cancellationToken);
        var length = head.Split("\r\n").Where(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Select(l => int.Parse(l[15..])).SingleOrDefault();
        var body = new byte[length];
        await Stream.ReadExactlyAsync(body, cancellationToken);
        return head + System.Text.Encoding.Latin1.GetString(body);
    }

    /// <summary>Reads until the other side ends the connection, gently or not.</summary>
    public async Task<string> ReadToEndAsync(CancellationToken cancellationToken)
    {
        var text = new System.Text.StringBuilder();
        var buffer = new byte[4096];
        for (int count; (count = await ReadSomeAsync(buffer, cancellationToken)) > 0;)
        {
            text.Append(System.Text.Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    public void Dispose() => _tcp.Dispose();

    private async Task<int> ReadSomeAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await Stream.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
