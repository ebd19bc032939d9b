using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Connections;
using SmartProxy.TestKit;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Network;

/// <summary>
/// One tunnel, one authority: the CONNECT target, the server name, <c>Host</c> or <c>:authority</c>, the name that is resolved, dialled and checked, and the
/// origin that is paid and written on the receipt are the same, in one normal form.
/// </summary>
public sealed class AuthorityTests : IAsyncLifetime
{
    private static readonly X509Certificate2 Root = TestPki.Issue(CertificateSpec.Authority("Test root"));
    private static readonly X509Certificate2 Leaf = TestPki.Issue(new CertificateSpec { Names = ["origin.test", "other.test", "xn--bcher-kva.test", "xn--i-7iq.test", "xn--ls8h.test", "xn--a-ecp.test"], Addresses = ["127.0.0.1"] }, Root);

    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _resolved = new();
    private readonly BadServer _server = new(new ServerScript(Leaf)
    {
        AtRequest = async tls => await tls.WriteAsync("HTTP/1.1 402 Payment Required\r\nContent-Length: 0\r\n\r\n"u8.ToArray()),
    });

    private readonly BadServer _other = new(new ServerScript(Leaf));
    private ProxyFixture _proxy = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>CONNECT target, server name, Host; and the normal form. <c>#</c> stands for the port.</summary>
    public static TheoryData<string, string, string, string> Spellings => new()
    {
        { "origin.test:#", "origin.test", "origin.test:#", "origin.test" },
        { "ORIGIN.Test:#", "Origin.TEST", "oRIGIN.test:#", "origin.test" },
        { "origin.test.:#", "origin.test", "origin.test:#", "origin.test" },
        { "origin.test:#", "origin.test", "ORIGIN.TEST.:#", "origin.test" },
        { "origin.test:#", "", "origin.test:#", "origin.test" },
        { "xn--bcher-kva.test:#", "xn--bcher-kva.test", "XN--BCHER-KVA.test:#", "xn--bcher-kva.test" },
        { "xn--i-7iq.test:#", "xn--i-7iq.test", "xn--i-7iq.test:#", "xn--i-7iq.test" },
        { "XN--LS8H.test:#", "xn--ls8h.test", "xn--ls8h.test:#", "xn--ls8h.test" },
        { "xn--a-ecp.test:#", "xn--a-ecp.test", "xn--a-ecp.test:#", "xn--a-ecp.test" },
        { "127.0.0.1:#", "", "127.0.0.1:#", "127.0.0.1" },
    };

    /// <summary>What does not name the authority of a tunnel to <c>origin.test:#</c>; <c>+</c> stands for another origin's port.</summary>
    public static TheoryData<string> Others =>
    [
        "other.test:#", "origin.test", "origin.test:443", "origin.test:+", "other.test:+", "a.origin.test:#", "test:#", "origin.test.evil.test:#", "xorigin.test:#", "origin.test..:#",
        "127.0.0.1:#", "127.0.0.1:+", "localhost:#", "[::1]:#", "origin.test:0#", "origin.test:#0", "me@origin.test:#", "origin.test:#@other.test", "origin.test:#,other.test:#",
        "origin.test:# other.test:#", "origin.test:##", "other.test", "https://origin.test:#", "origin%2etest:#", "origin.test%00:#", "*", "origin.test:",
    ];

    public async ValueTask InitializeAsync()
    {
        File.WriteAllText(_folder.File("root.pem"), Root.ExportCertificatePem());
        _proxy = await ProxyFixture.StartAsync([_server.Port, _other.Port], upstream => upstream.ExtraCaFile = _folder.File("root.pem"));
        _proxy.Resolve = name =>
        {
            _resolved.Enqueue(name);
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
        _other.Dispose();
        _folder.Dispose();
    }

    [Theory, MemberData(nameof(Spellings))]
    public async Task Every_spelling_becomes_one_name_for_everyone(string connect, string serverName, string host, string normal)
    {
        var paid = new TaskCompletionSource<string>();
        _proxy.Flow.Script = async call =>
        {
            paid.SetResult(call.Origin.ToString());
            await call.PassChallengeOnAsync([]);
        };
        using var client = await OpenAsync(With(connect), serverName, SslApplicationProtocol.Http11);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {With(host)}\r\nConnection: close\r\n\r\n", Token);

        Assert.StartsWith("HTTP/1.1 402 ", await client.ReadToEndAsync(Token), StringComparison.Ordinal);
        var isAddress = IPAddress.TryParse(normal, out _);
        Assert.Equal($"https://{normal}:{_server.Port}", await paid.Task);
        Assert.Equal(isAddress ? [] : [normal], _resolved);
        Assert.Equal(isAddress ? "" : new IdnMapping { AllowUnassigned = true }.GetUnicode(normal), _server.ServerName); // the library hands over a U-label
        Assert.Contains($"\r\nHost: {normal}:{_server.Port}\r\n", _server.Head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory, MemberData(nameof(Others))]
    public async Task Another_name_inside_a_tunnel_is_refused_on_every_protocol_also_after_a_good_request(string name)
    {
        _proxy.Flow.Script = call => call.PassChallengeOnAsync([]);
        var (good, bad) = ($"origin.test:{_server.Port}", With(name));

        using var first = await OpenAsync(good, "origin.test", SslApplicationProtocol.Http11);
        await first.SendAsync($"GET / HTTP/1.1\r\nHost: {bad}\r\n\r\n", Token);
        Refused(await first.ReadHeadAsync(Token));

        using var target = await OpenAsync(good, "origin.test", SslApplicationProtocol.Http11);
        await target.SendAsync($"GET https://{bad}/ HTTP/1.1\r\nHost: {good}\r\n\r\n", Token);
        Refused(await target.ReadHeadAsync(Token));
        Assert.Equal(0, _server.Connections);

        using var second = await OpenAsync(good, "origin.test", SslApplicationProtocol.Http11);
        await second.SendAsync($"GET / HTTP/1.1\r\nHost: {good}\r\n\r\n", Token);
        Assert.StartsWith("HTTP/1.1 402 ", await second.ReadMessageAsync(Token), StringComparison.Ordinal);
        await second.SendAsync($"GET / HTTP/1.1\r\nHost: {bad}\r\n\r\n", Token);
        Refused(await second.ReadHeadAsync(Token));

        // A client may believe that one connection serves two names (RFC 9113 9.1.1).
        using var coalescing = await OpenAsync(good, "origin.test", SslApplicationProtocol.Http2);
        using var streams = await RawHttp2.OverAsync(coalescing);
        await streams.RequestAsync(1, RawHttp2.EndStream, RawHttp2.Get(good, "/"));
        Assert.DoesNotContain("reason", await streams.BodyOfAsync(1), StringComparison.Ordinal);
        await streams.RequestAsync(3, RawHttp2.EndStream, RawHttp2.Get(bad, "/"));
        var refusal = await streams.BodyOfAsync(3);
        Assert.True(refusal.Contains("misdirected_request", StringComparison.Ordinal) || refusal.Contains("malformed_request", StringComparison.Ordinal) || refusal.Length == 0, refusal);

        Assert.Equal(2, _server.Connections);
        Assert.Equal(0, _other.Connections);
    }

    [Fact]
    public async Task Another_server_name_ends_the_handshake_and_makes_no_certificate()
    {
        var mint = _proxy.Services.GetRequiredService<LeafMint>();
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var name = string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => (char)('a' + random.Next(26)))) + ".test";
            var failure = await Record.ExceptionAsync(() => OpenAsync($"origin.test:{_server.Port}", name, SslApplicationProtocol.Http11));

            Assert.True(failure is AuthenticationException or IOException, failure?.ToString());
        }

        Assert.Equal((0, 0), (mint.Count, _server.Connections));
    }

    [Fact]
    public async Task Many_hosts_are_each_served_their_own_certificate_and_few_are_kept()
    {
        const int Hosts = 150;
        await using var proxy = await ProxyFixture.StartAsync([], connections: connections => connections.LeafCertificates = 20);
        var mint = proxy.Services.GetRequiredService<LeafMint>();
        var random = new Random(2);
        for (var i = 0; i < Hosts; i++)
        {
            var name = string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => (char)('a' + random.Next(26)))) + ".test";
            using var client = await proxy.OpenTunnelAsync($"{name}:443", Token);
            using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, proxy.TrustsOurAuthority);
            await tls.AuthenticateAsClientAsync(name);
            using var leaf = new X509Certificate2(tls.RemoteCertificate!);

            Assert.Equal([name], leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
            Assert.InRange(mint.Count, 1, 20);
        }
    }

    /// <summary>The version of a ClientHello without extensions for TLS 1.3, and whether it is answered by a handshake.</summary>
    [Theory]
    [InlineData(0, false)] // SSL 3.0
    [InlineData(1, false)] // TLS 1.0
    [InlineData(2, false)] // TLS 1.1
    [InlineData(3, true)] // TLS 1.2
    public async Task Inside_a_tunnel_nothing_older_than_TLS_1_2_is_spoken(byte minor, bool isServed)
    {
        const byte Handshake = 0x16;
        using var client = await _proxy.OpenTunnelAsync("origin.test:443", Token);
        await client.SendAsync(ClientHello(minor), Token);
        var first = new byte[1];
        var isAnswered = await Record.ExceptionAsync(() => client.Stream.ReadExactlyAsync(first, Token).AsTask()) is null && first[0] == Handshake;

        Assert.Equal(isServed, isAnswered);
    }

    // Two suites with ECDSA (RFC 8422 6, RFC 5289 3.2), one for each age, with P-256 and its signatures.
    private static byte[] ClientHello(byte minor)
    {
        byte[] extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3];
        byte[] hello = [3, minor, .. new byte[32], 0, 0, 4, 0xc0, 0x2b, 0xc0, 0x09, 1, 0, 0, (byte)extensions.Length, .. extensions];
        return [0x16, 3, Math.Min(minor, (byte)1), 0, (byte)(hello.Length + 4), 1, 0, 0, (byte)hello.Length, .. hello];
    }

    private static void Refused(string head) =>
        Assert.True(head.StartsWith("HTTP/1.1 421 ", StringComparison.Ordinal) || head.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), head);

    private string With(string name) =>
        name.Replace("#", $"{_server.Port}", StringComparison.Ordinal).Replace("+", $"{_other.Port}", StringComparison.Ordinal);

    private async Task<RawClient> OpenAsync(string target, string serverName, SslApplicationProtocol protocol)
    {
        var client = await _proxy.OpenTunnelAsync(target, Token);
        var tls = new SslStream(client.Stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate!.Issuer == _proxy.Authority.Certificate.Subject);
        client.Stream = tls;
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = serverName, ApplicationProtocols = [protocol] }, Token);
        return client;
    }
}
