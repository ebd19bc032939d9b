using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SmartProxy.Tests.Forwarding.Targets;

/// <summary>Which targets a request may name, how they travel, and what trouble on the way is called.</summary>
public sealed class RequestTargetTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Targets =>
    [
        "/%41/../b/./c", "/a|b", "/%7E", "/?q=%20+%2B", "/a//b", "/;p=1?x=y&z", "/caf%C3%A9", "/a?b?c", "/%2e%2e/x", "/{}[]\"^`<>\\", "/a%00?".Replace("%00", "%01", StringComparison.Ordinal),
    ];

    [Theory, MemberData(nameof(Targets))]
    public async Task A_target_travels_byte_for_byte(string target)
    {
        using var origin = new RawOrigin(Ok);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        await proxy.SendAsync($"GET http://{origin.Authority}{target} HTTP/1.1\r\nHost: {origin.Authority}\r\n");

        Assert.StartsWith($"GET {target} HTTP/1.1\r\n", await origin.Heads.Reader.ReadAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET http://{0}?q=1 HTTP/1.1", "GET /?q=1 ")]
    [InlineData("GET http://{0} HTTP/1.1", "GET / ")]
    public async Task A_target_without_a_path_gets_one(string line, string expected)
    {
        using var origin = new RawOrigin(Ok);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        await proxy.SendAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, line, origin.Authority) + $"\r\nHost: {origin.Authority}\r\n");

        Assert.StartsWith(expected, await origin.Heads.Reader.ReadAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TRACE http://{0}/ HTTP/1.1\r\nHost: {0}\r\n", "405")]
    [InlineData("GET https://{0}/ HTTP/1.1\r\nHost: {0}\r\n", "400")]
    [InlineData("GET http://{0}/#x HTTP/1.1\r\nHost: {0}\r\n", "400")]
    [InlineData("GET http://u@{0}/ HTTP/1.1\r\nHost: {0}\r\n", "400")]
    [InlineData("GET http://127.1/ HTTP/1.1\r\nHost: 127.1\r\n", "400")]
    [InlineData("GET http://{0}/ HTTP/1.1\r\nHost: b.test\r\n", "400")]
    [InlineData("OPTIONS http://{0}/ HTTP/1.1\r\nHost: {0}\r\nMax-Forwards: 0\r\n", "400")]
    public async Task A_request_that_no_origin_should_see_is_refused(string request, string status)
    {
        using var origin = new RawOrigin(Ok);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);

        var answer = await proxy.SendAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, request, origin.Authority));

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Equal(0, origin.Connections);
    }

    [Fact]
    public async Task An_origin_form_request_is_ours_outside_a_tunnel_and_the_origins_inside()
    {
        await using var origin = await TestOrigin.StartAsync(c => c.Response.WriteAsync("the origin's " + c.Request.Path), HttpProtocols.Http1);
        await using var proxy = await ProxyFixture.StartAsync([origin.Port]);
        using var direct = new HttpClient();
        using var agent = proxy.CreateClient();

        Assert.Equal("ours", await direct.GetStringAsync($"http://127.0.0.1:{proxy.Port}/v1/me", Token));
        Assert.Equal("the origin's /v1/me", await agent.GetStringAsync($"{origin.Url}/v1/me", Token));
    }

    [Theory]
    [InlineData("origin.test:1", "destination_not_allowed", "403")]
    [InlineData("nowhere.invalid:80", "upstream_dns_failed", "502")]
    public async Task Trouble_on_the_way_to_an_origin_has_a_reason(string authority, string reason, string status)
    {
        await using var proxy = await ProxyFixture.StartAsync([]);

        var answer = await proxy.SendAsync($"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains($"\"reason\":\"{reason}\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_origin_that_refuses_or_shows_a_bad_certificate_has_a_reason()
    {
        using var closed = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var origin = await TestOrigin.StartAsync(c => c.Response.WriteAsync("hello"));
        await using var proxy = await ProxyFixture.StartAsync([origin.Port, port]);
        using var client = proxy.CreateClient();

        using var refused = await client.GetAsync($"http://origin.test:{port}/", Token);
        using var misnamed = await client.GetAsync($"https://unnamed.test:{origin.Port}/", Token);

        Assert.Contains("upstream_connect_failed", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Contains("upstream_tls_failed", await misnamed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }
}
