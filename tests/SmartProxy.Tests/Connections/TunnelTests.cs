using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SmartProxy.Connections;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Connections;

public sealed class TunnelTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kestrels_tls_steps_aside_when_a_tls_feature_is_present()
    {
        // Undocumented, and the whole interception rests on it: this fails loudly when a servicing update changes it.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Use(next => connection =>
            {
                TunnelTls.StepAside(connection);
                return next(connection);
            });
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => throw new InvalidOperationException("TLS did not step aside") });
            listen.Use(next => connection =>
            {
                TunnelTls.RemoveDummy(connection);
                return next(connection);
            });
        }));
        await using var app = builder.Build();
        app.Run(context => context.Response.WriteAsync(context.Request.Scheme + " " + (context.Features.Get<ITlsConnectionFeature>() is null)));
        await app.StartAsync(Token);
        using var client = new HttpClient();

        Assert.Equal("http True", await client.GetStringAsync($"http://127.0.0.1:{new Uri(app.Urls.First()).Port}/", Token));
    }

    [Fact]
    public async Task Without_credentials_a_connection_is_challenged_and_may_try_again()
    {
        await using var origin = await TestOrigin.StartAsync(c => c.Response.WriteAsync("hello"), tls: false);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = await proxy.ConnectAsync(Token);

        await client.SendAsync($"CONNECT {origin.Authority} HTTP/1.1\r\nHost: {origin.Authority}\r\n\r\n", Token);
        var challenge = await client.ReadMessageAsync(Token);
        await client.SendAsync($"CONNECT {origin.Authority} HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: Basic bm86bm8=\r\n\r\n", Token);
        Assert.Equal(challenge, await client.ReadMessageAsync(Token));
        await client.SendAsync($"CONNECT {origin.Authority} HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Token);
        var accepted = await client.ReadHeadAsync(Token);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {origin.Authority}\r\nConnection: close\r\n\r\n", Token);

        Assert.StartsWith("HTTP/1.1 407 ", challenge, StringComparison.Ordinal);
        Assert.Contains("Proxy-Authenticate: Basic", challenge, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", accepted, StringComparison.Ordinal);
        Assert.Contains("hello", await client.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CONNECT a.test HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT a.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n")]
    [InlineData("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nGET / HTTP/1.1\r\n\r\n")]
    public async Task A_malformed_or_pipelined_connect_is_refused_and_closed(string text)
    {
        await using var proxy = await ProxyFixture.StartAsync([]);
        using var client = await proxy.ConnectAsync(Token);
        await client.SendAsync(text, Token);

        var answer = await client.ReadToEndAsync(Token);

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("malformed_connect", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_never_ends_is_cut_off()
    {
        await using var proxy = await ProxyFixture.StartAsync([], connections: o => o.HeadBytes = 1024);
        using var client = await proxy.ConnectAsync(Token);
        await client.SendAsync("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nA: " + new string('a', 2000), Token);

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_comes_too_slowly_is_cut_off()
    {
        await using var proxy = await ProxyFixture.StartAsync([], connections: o => o.HeadSeconds = 1);
        using var client = await proxy.ConnectAsync(Token);
        await client.SendAsync("CONNECT a.te", Token);

        Assert.Equal("", await client.ReadToEndAsync(Token));
    }

    [Theory]
    [InlineData(TunnelTreatment.Refuse, "egress_not_allowed")]
    [InlineData(TunnelTreatment.RefusePort, "port_not_allowed")]
    public async Task What_the_policy_refuses_is_not_dialled_by_tunnel_or_by_request(object treatment, string reason)
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        proxy.Policy.Swap((TunnelTreatment)treatment);
        using var tunnel = await proxy.ConnectAsync(Token);
        using var plain = await proxy.ConnectAsync(Token);
        await tunnel.SendAsync($"CONNECT {origin.Authority} HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Token);
        await plain.SendAsync($"GET http://{origin.Authority}/ HTTP/1.1\r\nHost: {origin.Authority}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Token);

        var answers = new[] { await tunnel.ReadToEndAsync(Token), await plain.ReadMessageAsync(Token) };

        Assert.All(answers, answer => Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.Contains(reason, answer, StringComparison.Ordinal));
        Assert.Equal(0, origin.Connections);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: {0}1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: origin.test\r\n\r\n")]
    [InlineData("GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n")]
    public async Task Another_host_inside_a_tunnel_is_misdirected(string request)
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = await proxy.OpenTunnelAsync(origin.Authority, Token);
        await client.SendAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, request, origin.Authority), Token);

        Assert.StartsWith("HTTP/1.1 421 ", await client.ReadMessageAsync(Token), StringComparison.Ordinal);
        Assert.Equal(0, origin.Connections);
    }

    [Fact]
    public async Task An_http2_client_that_takes_its_server_name_from_another_host_never_gets_past_the_handshake()
    {
        await using var origin = await TestOrigin.StartAsync(c => c.Response.WriteAsync("hello"), HttpProtocols.Http2);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var client = proxy.CreateClient(HttpVersion.Version20);
        client.DefaultRequestHeaders.Host = "other.test:" + origin.Port;

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(origin.Url, Token));
    }

    [Theory]
    [InlineData("other.test", false)]
    [InlineData("origin.test", true)]
    [InlineData("ORIGIN.test", true)]
    [InlineData("", true)]
    public async Task Only_the_name_of_the_tunnel_or_none_is_served(string serverName, bool isServed)
    {
        await using var proxy = await ProxyFixture.StartAsync([]);
        using var client = await proxy.OpenTunnelAsync("origin.test:443", Token);
        using var tls = new SslStream(client.Stream, leaveInnerStreamOpen: true, (_, certificate, _, _) => certificate is not null);
        var options = new SslClientAuthenticationOptions { TargetHost = serverName };

        if (isServed)
        {
            await tls.AuthenticateAsClientAsync(options, Token);
            Assert.Contains("CN=origin.test", tls.RemoteCertificate!.Subject, StringComparison.Ordinal);
        }
        else
        {
            var failure = await Record.ExceptionAsync(() => tls.AuthenticateAsClientAsync(options, Token));
            Assert.True(failure is AuthenticationException or IOException, failure?.ToString());
        }
    }

    [Theory]
    [InlineData("\x01\x02\x03")]
    [InlineData("get / HTTP/1.1\r\n\r\n")]
    [InlineData(" GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\r\nGET / HTTP/1.1\r\n\r\n")]
    public async Task Bytes_that_begin_neither_tls_nor_a_method_are_refused_and_end_an_intercepted_tunnel(string bytes)
    {
        await using var proxy = await ProxyFixture.StartAsync([]);
        using var client = await proxy.OpenTunnelAsync("origin.test:443", Token);
        await client.SendAsync(bytes, Token);

        var answer = await client.ReadToEndAsync(Token);

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("malformed_request", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_has_only_so_many_tunnels()
    {
        await using var proxy = await ProxyFixture.StartAsync([], connections: o => o.MaxTunnelsPerAgent = 1);
        using var first = await proxy.OpenTunnelAsync("origin.test:443", Token);
        using var second = await proxy.ConnectAsync(Token);
        await second.SendAsync($"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Token);

        Assert.Contains("too_many_tunnels", await second.ReadToEndAsync(Token), StringComparison.Ordinal);
    }
}
