using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Connections;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.TestKit;
using SmartProxy.Tests.EndToEnd;
using SmartProxy.Tests.Forwarding;
using SmartProxy.Tests.Receipts;

#pragma warning disable SYSLIB0039, CA5397, CA1416 // what nobody should speak; file modes

namespace SmartProxy.Tests.Network;

/// <summary>TLS on the proxy port itself.</summary>
public sealed class ProxyTlsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("proxy.test", "https")]
    [InlineData("proxy.test", "http")]
    [InlineData("127.0.0.1", "https")]
    [InlineData("127.0.0.1", "http")]
    public async Task Curl_reaches_an_origin_through_an_https_proxy_that_it_trusts(string name, string scheme)
    {
        await using var origin = await TestOrigin.StartAsync(context => context.Response.WriteAsync("hello"), tls: scheme == "https");
        await using var proxy = await StartAsync(origin.Port);
        var url = new UriBuilder(proxy.Proxy) { Scheme = "https", Host = name, UserName = "me", Password = proxy.TokenOf("me") }.Uri;
        string[] arguments = ["--proxy", url.ToString(), "--resolve", $"{name}:{url.Port}:127.0.0.1", "--cacert", proxy.Data.CaCertificate, $"{scheme}://127.0.0.1:{origin.Port}/"];

        Assert.Equal((0, "hello"), await CurlAsync([.. arguments, "--proxy-cacert", proxy.Data.CaCertificate]));
        Assert.Equal((60, ""), await CurlAsync([.. arguments, "--proxy-cacert", Empty()]));
    }

    [Fact]
    public async Task What_env_prints_is_an_https_proxy_and_what_curl_needs_beside_it()
    {
        await using var origin = await TestOrigin.StartAsync(context => context.Response.WriteAsync("hello"));
        await using var proxy = await StartAsync(origin.Port);
        var (_, output, _) = await proxy.CommandAsync("env", "me", "--format", "docker");
        var variables = output.Split('\n').Where(line => line.Contains('=') && line[0] != '#').Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        Assert.Matches($"^https://me:sp_[0-9a-z_]+@127.0.0.1:{proxy.Proxy.Port}$", variables["HTTPS_PROXY"]);
        Assert.Contains("--proxy-cacert", output, StringComparison.Ordinal);
        foreach (var name in variables.Keys.Where(name => variables[name].StartsWith("/etc/smartproxy/", StringComparison.Ordinal)))
        {
            variables[name] = Path.Combine(proxy.Data.CertificateAuthority, Path.GetFileName(variables[name]));
        }

        Assert.Equal((0, "hello"), await CurlAsync(["--noproxy", "", "--proxy-cacert", proxy.Data.CaCertificate, $"https://127.0.0.1:{origin.Port}/"], variables));
    }

    [Theory]
    [InlineData("other.test", SslProtocols.None)]
    [InlineData("127.0.0.2", SslProtocols.None)]
    [InlineData("proxy.test", SslProtocols.Tls)]
    [InlineData("proxy.test", SslProtocols.Tls11)]
    public async Task Another_name_and_an_old_protocol_are_not_served(string name, SslProtocols protocol)
    {
        await using var proxy = await ProxyFixture.StartAsync([], tls: new ProxyTls { Names = [Host("proxy.test")] });
        using var client = await proxy.ConnectAsync(Token);
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, proxy.TrustsOurAuthority);

        var failure = await Record.ExceptionAsync(() => tls.AuthenticateAsClientAsync(Options(name, protocol), Token));

        Assert.True(failure is AuthenticationException or IOException, failure?.ToString());
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_port_speaks_tls_and_nothing_else_and_offers_http_1(SslProtocols protocol)
    {
        await using var proxy = await ProxyFixture.StartAsync([], tls: new ProxyTls { Names = [Host("proxy.test")] });
        using var plain = await proxy.ConnectAsync(Token);
        await plain.SendAsync("CONNECT origin.test:443 HTTP/1.1\r\n\r\n", Token);
        Assert.DoesNotContain("HTTP/1.1 407", await plain.ReadToEndAsync(Token), StringComparison.Ordinal);

        using var client = await proxy.ConnectAsync(Token);
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, proxy.TrustsOurAuthority);
        await tls.AuthenticateAsClientAsync(Options("proxy.test", protocol), Token);
        client.Stream = tls;
        await client.SendAsync("CONNECT origin.test:443 HTTP/1.1\r\n\r\n", Token);

        Assert.StartsWith("HTTP/1.1 407 ", await client.ReadHeadAsync(Token), StringComparison.Ordinal);
        Assert.Equal((SslApplicationProtocol.Http11, protocol), (tls.NegotiatedApplicationProtocol, tls.SslProtocol));
    }

    [Fact(Timeout = 60_000)]
    public async Task Handshakes_that_are_not_finished_are_counted_and_make_room_for_who_speaks()
    {
        await using var proxy = await ProxyFixture.StartAsync([], connections: options => options.MaxConnections = 8, tls: new ProxyTls { Names = [Host("proxy.test")] });
        var slots = proxy.Services.GetRequiredService<ConnectionSlots>();
        var silent = new List<RawClient>();
        for (var i = 1; i <= 8; i++)
        {
            silent.Add(await proxy.ConnectAsync(Token));
            while (slots.Open < i)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
        }

        using var client = await proxy.ConnectAsync(Token);
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, proxy.TrustsOurAuthority);
        await tls.AuthenticateAsClientAsync(Options("proxy.test", SslProtocols.None), Token);
        client.Stream = tls;
        await client.SendAsync("CONNECT origin.test:443 HTTP/1.1\r\n\r\n", Token);

        Assert.StartsWith("HTTP/1.1 407 ", await client.ReadHeadAsync(Token), StringComparison.Ordinal);
        Assert.Equal("", await silent[0].ReadToEndAsync(Token));
        Assert.Equal(8, slots.Open);
        silent.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task A_certificate_of_the_operators_is_shown_with_its_chain()
    {
        var root = TestPki.Issue(CertificateSpec.Authority("Operator root"));
        var middle = TestPki.Issue(CertificateSpec.Authority("Operator intermediate"), root);
        var leaf = TestPki.Issue(new CertificateSpec { Names = ["proxy.test"] }, middle);
        await using var proxy = await ProxyFixture.StartAsync([], tls: Write(leaf, middle));
        using var client = await proxy.ConnectAsync(Token);
        var shown = new List<string>();
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, (_, certificate, chain, _) =>
        {
            shown.AddRange(chain!.ChainPolicy.ExtraStore.Select(one => one.Thumbprint));
            return certificate!.GetCertHashString() == leaf.Thumbprint;
        });
        await tls.AuthenticateAsClientAsync(Options("proxy.test", SslProtocols.None), Token);

        Assert.Contains(middle.Thumbprint, shown);
    }

    [Fact]
    public void A_renewed_certificate_is_taken_in_and_half_a_renewal_is_not()
    {
        var time = new FakeTimeProvider();
        var (first, second) = (TestPki.Issue(new CertificateSpec()), TestPki.Issue(new CertificateSpec { RsaBits = 3072 }));
        var files = new CertificateFiles(Write(first).CertificateFile!, Write(first).KeyFile!, time);

        File.WriteAllText(_folder.File("tls.pem"), second.ExportCertificatePem());
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(first.Thumbprint, files.Current.TargetCertificate.Thumbprint);

        Write(second);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(second.Thumbprint, files.Current.TargetCertificate.Thumbprint);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, "chmod 600")]
    [InlineData(UnixFileMode.None, "SmartProxy:Listen:Tls")]
    public async Task A_key_that_others_can_read_or_that_is_missing_stops_the_start(UnixFileMode mode, string says)
    {
        var tls = Write(TestPki.Issue(new CertificateSpec()));
        File.SetUnixFileMode(tls.KeyFile!, mode);
        if (mode == UnixFileMode.None)
        {
            File.Delete(tls.KeyFile!);
        }

        var settings = new Dictionary<string, string?> { ["Listen:Tls:CertificateFile"] = tls.CertificateFile, ["Listen:Tls:KeyFile"] = tls.KeyFile };
        var fault = await Assert.ThrowsAsync<OperatorException>(() => RunningProxy.StartAsync(new ProxySetup { Policy = PolicyFor(1), Settings = settings }));

        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private static Task<RunningProxy> StartAsync(int port) => RunningProxy.StartAsync(new ProxySetup
    {
        Policy = PolicyFor(port),
        Settings = new Dictionary<string, string?> { ["Listen:Tls:Names:0"] = "proxy.test" },
    });

    private static string PolicyFor(int port) => $$"""
        { "networks": ["base-sepolia"], "merchants": { "m": { "hosts": ["127.0.0.1:{{port}}"], "recipients": "any" } },
          "agents": { "me": { "allow": ["m"], "limits": { "payment": "0.01", "day": "0.01" } } } }
        """;

    private static async Task<(int Code, string Output)> CurlAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        OtherTools.Require("curl");
        var start = new ProcessStartInfo("curl", ["--silent", "--disable", .. arguments]) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var curl = Process.Start(start)!;
        var output = await curl.StandardOutput.ReadToEndAsync(Token);
        await curl.WaitForExitAsync(Token);
        return (curl.ExitCode, output);
    }

    private static SslClientAuthenticationOptions Options(string name, SslProtocols protocol) => new()
    {
        TargetHost = name,
        EnabledSslProtocols = protocol,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
#pragma warning disable SYSLIB0040 // lets the client offer what the server should refuse
        EncryptionPolicy = protocol is SslProtocols.Tls or SslProtocols.Tls11 ? EncryptionPolicy.AllowNoEncryption : EncryptionPolicy.RequireEncryption,
#pragma warning restore SYSLIB0040
    };

    private static SmartProxy.Protocol.HostName Host(string text) => SmartProxy.Protocol.HostName.TryParse(text, out var host) ? host : throw new ArgumentException(text);

    private ProxyTls Write(X509Certificate2 leaf, params X509Certificate2[] chain)
    {
        var (certificate, key) = (_folder.File("tls.pem"), _folder.File("tls.key"));
        File.WriteAllText(certificate, string.Join('\n', chain.Prepend(leaf).Select(one => one.ExportCertificatePem())));
        File.Delete(key);
        PrivateFile.WriteNew(key, System.Text.Encoding.ASCII.GetBytes(leaf.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem()));
        return new ProxyTls { CertificateFile = certificate, KeyFile = key };
    }

    private string Empty()
    {
        File.WriteAllText(_folder.File("other.pem"), TestPki.Issue(CertificateSpec.Authority("Another")).ExportCertificatePem());
        return _folder.File("other.pem");
    }
}
