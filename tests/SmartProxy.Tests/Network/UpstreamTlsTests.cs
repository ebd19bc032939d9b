using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using SmartProxy.Connections;
using SmartProxy.TestKit;
using SmartProxy.Tests.Forwarding;

#pragma warning disable SYSLIB0039, CA5397, CA1416 // servers that speak what nobody should

namespace SmartProxy.Tests.Network;

/// <summary>Origins whose TLS is not in order. The agent gets a 502 that says why, and no byte of its request leaves.</summary>
public sealed class UpstreamTlsTests(UpstreamTlsTests.Lab lab) : IClassFixture<UpstreamTlsTests.Lab>
{
    private static readonly X509Certificate2 Root = TestPki.Issue(CertificateSpec.Authority("Test root"));
    private static readonly X509Certificate2 OtherRoot = TestPki.Issue(CertificateSpec.Authority("Unknown root"));
    private static readonly X509Certificate2 Middle = TestPki.Issue(CertificateSpec.Authority("Test intermediate"), Root);
    private static readonly X509Certificate2 Good = TestPki.Issue(new CertificateSpec(), Middle);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The kind, the host that is asked for, how the server is, and what the agent is told.</summary>
    private static readonly Dictionary<string, (string Host, Func<ServerScript> Server, string Says)> Kinds = new()
    {
        ["expired"] = ("origin.test", () => By(Root, new() { From = Days(-9), Until = Days(-1) }), "has expired"),
        ["not valid yet"] = ("origin.test", () => By(Root, new() { From = Days(1) }), "not valid yet"),
        ["expired intermediate"] = ("origin.test", () => Through(CertificateSpec.Authority("Old") with { From = Days(-9), Until = Days(-1) }), "has expired"),
        ["wrong host"] = ("origin.test", () => By(Root, new() { Names = ["other.test"] }), "not one for `origin.test`"),
        ["parent of the host"] = ("a.origin.test", () => By(Root, new()), "not one for `a.origin.test`"),
        ["self-signed"] = ("origin.test", () => new ServerScript(TestPki.Issue(new CertificateSpec())), "no trusted root"),
        ["unknown root"] = ("origin.test", () => By(OtherRoot, new()), "no trusted root"),
        ["namesake of the root"] = ("origin.test", () => By(TestPki.Issue(CertificateSpec.Authority("Test root")), new()), "certificate was not accepted"),
        ["missing intermediate"] = ("origin.test", () => new ServerScript(Good), "no trusted root"),
        ["leaf as intermediate"] = ("origin.test", () => Through(CertificateSpec.Authority("No CA") with { IsAuthority = false }), "breaks the rules"),
        ["intermediate that may not sign"] = ("origin.test", () => Through(CertificateSpec.Authority("No use") with { Usage = X509KeyUsageFlags.CrlSign }), "certificate was not accepted"),
        ["one level too deep"] = ("origin.test", TooDeep, "breaks the rules"),
        ["name constraint"] = ("origin.test", () => Through(CertificateSpec.Authority("Narrow") with { More = NameConstraints.For(["example.com"]) }), "may not sign for this name"),
        ["wildcard over two labels"] = ("a.b.origin.test", () => By(Root, new() { Names = ["*.origin.test"] }), "not one for"),
        ["wildcard for the domain itself"] = ("origin.test", () => By(Root, new() { Names = ["*.origin.test"] }), "not one for"),
        ["wildcard under a top-level domain"] = ("origin.test", () => By(Root, new() { Names = ["*.test"] }), "not one for"),
        ["wildcard for everything"] = ("origin.test", () => By(Root, new() { Names = ["*"] }), "not one for"),
        ["wildcard in a label"] = ("www.origin.test", () => By(Root, new() { Names = ["w*.origin.test"] }), "not one for"),
        ["wildcard in the middle"] = ("a.b.test", () => By(Root, new() { Names = ["a.*.test"] }), "not one for"),
        ["common name only"] = ("origin.test", () => By(Root, new() { Names = [] }), "not one for"),
        ["common name beside another name"] = ("origin.test", () => By(Root, new() { Names = ["other.test"] }), "not one for"),
        ["another address"] = ("127.0.0.1", () => By(Root, new() { Names = [], Addresses = ["127.0.0.2"] }), "not one for `127.0.0.1`"),
        ["address as a name"] = ("127.0.0.1", () => By(Root, new() { Subject = "CN=127.0.0.1", Names = ["127.0.0.1"] }), "not one for `127.0.0.1`"),
        ["for clients only"] = ("origin.test", () => By(Root, new() { Purpose = "1.3.6.1.5.5.7.3.2" }), "not meant for servers"),
        ["for code only"] = ("origin.test", () => By(Root, new() { Purpose = "1.3.6.1.5.5.7.3.3" }), "not meant for servers"),
        ["unknown critical extension"] = ("origin.test", () => By(Root, new() { More = new X509Extension("1.3.6.1.4.1.99999.1", [5, 0], critical: true) }), "breaks the rules"),
        ["RSA with 1024 bits"] = ("origin.test", () => By(Root, new() { RsaBits = 1024 }) with { IsObsolete = true }, "too short"),
        ["intermediate with 1024 bits"] = ("origin.test", () => Through(CertificateSpec.Authority("Short") with { RsaBits = 1024 }) with { IsObsolete = true }, "too short"),
        ["SHA-1"] = ("origin.test", () => By(Root, new() { Signature = BrokenSignature.Sha1 }) with { IsObsolete = true }, "broken kind"),
        ["intermediate with SHA-1"] = ("origin.test", () => Through(CertificateSpec.Authority("Sha1") with { Signature = BrokenSignature.Sha1 }) with { IsObsolete = true }, "broken kind"),
        ["SHA-1 under its old name"] = ("origin.test", () => By(Root, new() { Signature = BrokenSignature.OldSha1 }) with { IsObsolete = true }, "broken kind"),
        ["MD5"] = ("origin.test", () => By(Root, new() { Signature = BrokenSignature.Md5 }) with { IsObsolete = true }, "broken kind"),
        ["PSS with SHA-1 by default"] = ("origin.test", () => By(Root, new() { Signature = BrokenSignature.SilentPss }) with { IsObsolete = true }, "broken kind"),
        ["TLS 1.0"] = ("origin.test", () => By(Root, new()) with { Protocols = SslProtocols.Tls, IsObsolete = true }, "does not speak TLS 1.2"),
        ["TLS 1.1"] = ("origin.test", () => By(Root, new()) with { Protocols = SslProtocols.Tls11, IsObsolete = true }, "does not speak TLS 1.2"),
        ["plain text"] = ("origin.test", () => Instead("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray()), "does not speak TLS 1.2"),
        ["noise"] = ("origin.test", () => Instead([1, 2, 3, 4, 5, 6, 7, 8]), "does not speak TLS 1.2"),
        ["fatal alert"] = ("origin.test", () => Instead([0x15, 3, 3, 0, 2, 2, 40]), "does not speak TLS 1.2"),
        ["end after the first bytes"] = ("origin.test", () => Instead([]), "does not speak TLS 1.2"),
        ["end within the handshake"] = ("origin.test", () => Instead([0x16, 3, 3, 0, 100, 2, 0, 0, 96, 3, 3]), "does not speak TLS 1.2"),
        ["empty chain"] = ("origin.test", () => Instead(ServerHello(0xc02f, [0x0b, 0, 0, 3, 0, 0, 0])), "does not speak TLS 1.2"),
        ["cipher that was not offered"] = ("origin.test", () => Instead(ServerHello(0x0001, [])), "does not speak TLS 1.2"),
        ["protocol that was not offered"] = ("origin.test", () => Instead(ServerHello(0xc02f, [], [0, 16, 0, 7, 0, 5, 4, .. "spdy"u8])), "does not speak TLS 1.2"),
    };

    public static TheoryData<string> BadKinds => [.. Kinds.Keys];

    /// <summary>What is unusual and in order.</summary>
    public static TheoryData<string, string> GoodKinds => new()
    {
        { "origin.test", "origin.test" }, { "ORIGIN.test", "origin.test" }, { "origin.test", "ORIGIN.TEST" }, { "www.origin.test", "*.origin.test" }, { "127.0.0.1", "127.0.0.1" },
    };

    [Fact]
    public void There_are_enough_kinds() => Assert.True(Kinds.Count >= 30);

    [Theory, MemberData(nameof(BadKinds))]
    public async Task A_bad_server_gets_no_byte_of_the_request(string kind)
    {
        var (host, script, says) = Kinds[kind];
        using var server = new BadServer(script());
        using var client = lab.Proxy.CreateClient();
        using var answer = await client.PostAsync($"https://{host}:{server.Port}/secret", new StringContent("secret"), Token);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("upstream_tls_failed", problem.RootElement.GetProperty("reason").GetString());
        Assert.Contains(says, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.True(server.Connections > 0);
        Assert.Equal(0, server.RequestBytes);
    }

    [Theory, MemberData(nameof(GoodKinds))]
    public async Task A_good_server_is_served(string host, string name)
    {
        var isAddress = IPAddress.TryParse(name, out _);
        var leaf = TestPki.Issue(new CertificateSpec { Names = isAddress ? [] : [name], Addresses = isAddress ? [name] : [] }, Middle);
        using var server = new BadServer(new ServerScript(leaf, Middle));
        using var client = lab.Proxy.CreateClient();

        Assert.Equal("ok", await client.GetStringAsync($"https://{host}:{server.Port}/", Token));
    }

    [Fact]
    public async Task Nothing_is_fetched_for_a_certificate()
    {
        using var canary = new Canary();
        var url = $"http://127.0.0.1:{canary.Port}";
        var leaf = TestPki.Issue(new CertificateSpec { More = new X509AuthorityInformationAccessExtension([url + "/ocsp"], [url + "/issuer.cer"]) }, Middle);
        var revocable = TestPki.Issue(new CertificateSpec { More = CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url + "/list.crl"]) }, Middle);
        using var server = new BadServer(new ServerScript(leaf), new ServerScript(revocable, Middle));
        using var client = lab.Proxy.CreateClient();
        using var withoutIssuer = await client.GetAsync($"https://origin.test:{server.Port}/", Token);
        using var good = await client.GetAsync($"https://origin.test:{server.Port}/", Token);

        Assert.Equal((HttpStatusCode.BadGateway, HttpStatusCode.OK, 0), (withoutIssuer.StatusCode, good.StatusCode, canary.Connections));
    }

    [Fact]
    public async Task Every_connection_is_judged_anew()
    {
        using var server = new BadServer(new ServerScript(Good, Middle), By(OtherRoot, new()));
        using var client = lab.Proxy.CreateClient();
        using var first = await client.GetAsync($"https://origin.test:{server.Port}/", Token);
        var bytes = server.RequestBytes;
        using var second = await client.GetAsync($"https://origin.test:{server.Port}/", Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadGateway, 2, bytes), (first.StatusCode, second.StatusCode, server.Connections, server.RequestBytes));
    }

    [Fact]
    public async Task A_server_that_wants_to_negotiate_again_is_left()
    {
        var hasNegotiated = false;
        using var server = new BadServer(new ServerScript(Good, Middle)
        {
            Protocols = SslProtocols.Tls12,
            AtRequest = async tls =>
            {
                await tls.NegotiateClientCertificateAsync();
                hasNegotiated = true;
                await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            },
        });
        using var client = lab.Proxy.CreateClient();
        using var answer = await client.GetAsync($"https://origin.test:{server.Port}/", Token);

        Assert.Equal((HttpStatusCode.BadGateway, false), (answer.StatusCode, hasNegotiated));
    }

    [Fact]
    public async Task Without_further_roots_the_systems_decide()
    {
        await using var proxy = await ProxyFixture.StartAsync([], upstream => upstream.ExtraCaFile = null, egress: egress => egress.Allow.Add("127.0.0.1/32"));
        using var server = new BadServer(new ServerScript(Good, Middle));
        using var client = proxy.CreateClient();
        using var answer = await client.GetAsync($"https://origin.test:{server.Port}/", Token);

        Assert.Equal((HttpStatusCode.BadGateway, 0), (answer.StatusCode, server.RequestBytes));
        Assert.Contains("no trusted root", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private static DateTimeOffset Days(int days) => CertificateSpec.Now.AddDays(days);

    private static ServerScript By(X509Certificate2 issuer, CertificateSpec spec) => new(TestPki.Issue(spec, issuer));

    private static ServerScript Through(CertificateSpec intermediate)
    {
        var middle = TestPki.Issue(intermediate, Root);
        return new ServerScript(TestPki.Issue(new CertificateSpec(), middle), middle);
    }

    private static ServerScript TooDeep()
    {
        var upper = TestPki.Issue(CertificateSpec.Authority("Last one") with { PathLength = 0 }, Root);
        var lower = TestPki.Issue(CertificateSpec.Authority("Too deep"), upper);
        return new ServerScript(TestPki.Issue(new CertificateSpec(), lower), lower, upper);
    }

    private static ServerScript Instead(byte[] bytes) => new()
    {
        Instead = async stream =>
        {
            await stream.WriteAsync(bytes);
            if (bytes.Length is 0 or < 16 and > 8)
            {
                stream.Dispose();
            }
        },
    };

    // TLS 1.2, one record: ServerHello with this cipher suite and these extensions, then further handshake messages.
    private static byte[] ServerHello(int suite, byte[] further, params byte[] extensions)
    {
        byte[] hello = [3, 3, .. new byte[32], 0, (byte)(suite >> 8), (byte)(suite & 0xff), 0, (byte)(extensions.Length >> 8), (byte)(extensions.Length & 0xff), .. extensions];
        byte[] messages = [2, 0, 0, (byte)hello.Length, .. hello, .. further];
        return [0x16, 3, 3, (byte)(messages.Length >> 8), (byte)(messages.Length & 0xff), .. messages];
    }

    /// <summary>A proxy that trusts the tests' root and may dial this machine.</summary>
    public sealed class Lab : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();

        internal ProxyFixture Proxy { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            File.WriteAllText(_folder.File("root.pem"), Root.ExportCertificatePem());
            Proxy = await ProxyFixture.StartAsync([], upstream => upstream.ExtraCaFile = _folder.File("root.pem"), egress: egress => egress.Allow.Add("127.0.0.1/32"));
        }

        public async ValueTask DisposeAsync()
        {
            await Proxy.DisposeAsync();
            _folder.Dispose();
        }
    }
}
