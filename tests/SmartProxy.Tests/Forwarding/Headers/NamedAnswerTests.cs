using System.Net;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding.Headers;

/// <summary>Merchants share our address under <c>/u/</c>: what one of them says to a client leads to no other one and back to itself.</summary>
public sealed class NamedAnswerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A cookie of an upstream at <c>/v1</c> in answer to <c>/u/shop/a/b</c>, and as the client gets it; null where it gets none.</summary>
    public static TheoryData<string, string?> Cookies => new()
    {
        { "s=1; Path=/", "s=1; Path=/u/shop" },
        { "s=1; Path=/v1", "s=1; Path=/u/shop" },
        { "s=1; Path=/v1/", "s=1; Path=/u/shop" },
        { "s=1; path = /v1/a ; Secure; HttpOnly", "s=1; Secure; HttpOnly; Path=/u/shop/a" },
        { "s=1", "s=1; Path=/u/shop/a" },
        { "s=1; Path", "s=1; Path=/u/shop/a" },
        { "s=1; Path=v1", "s=1; Path=/u/shop/a" },
        { "s=1; Path=/elsewhere; PATH=/", "s=1; Path=/u/shop" },
        { "s=1; Path=/; Path=/elsewhere", null },
        { "s=1; Path=/v10", null },
        { "s=1; Path=/u/evil", null },
        { "s=1; Path=/v1/../../u/evil", null },
        { "s=1; Path=/v1/%2e%2e/x", null },
        { "s=1; Domain=127.0.0.1; Path=/v1/a", "s=1; Path=/u/shop/a" },
        { "s=1; domain =.example; Max-Age=60; SameSite=Lax", "s=1; Max-Age=60; SameSite=Lax; Path=/u/shop/a" },
        { "__Host-s=1; Secure; Path=/", null },
        { "__host-s=1; Secure; Path=/", null },
        { "__Secure-s=1; Secure; Path=/", "__Secure-s=1; Secure; Path=/u/shop" },
        { "s=\"a; Path=/\"; x", null },
        { "s=\"a b\"; x; ;", "s=\"a b\"; x; Path=/u/shop/a" },
    };

    /// <summary>A reference in the answer to <c>/u/exa/a/b</c> of an upstream at <c>/v1</c>, and as the client gets it.</summary>
    public static TheoryData<string, string> References => new()
    {
        { "https://api.exa.ai/v1/jobs/7", "/u/exa/jobs/7" },
        { "https://API.exa.ai/v1?x", "/u/exa?x" },
        { "HTTPS://api.exa.ai:443/v1/x", "/u/exa/x" },
        { "https://api.exa.ai./v1/x", "/u/exa/x" },
        { "https://api.exa.ai/v10", "https://api.exa.ai/v10" },
        { "https://api.exa.ai", "https://api.exa.ai/" },
        { "http://api.exa.ai/v1/x", "http://api.exa.ai/v1/x" },
        { "https://api.exa.ai.evil.example/v1/x", "https://api.exa.ai.evil.example/v1/x" },
        { "https://api.exa.ai:8443/v1/x", "https://api.exa.ai:8443/v1/x" },
        { "https://me@api.exa.ai/v1/x", "https://me@api.exa.ai/v1/x" },
        { "https://other.example/x", "https://other.example/x" },
        { "mailto:a@b.example", "mailto:a@b.example" },
        { "//api.exa.ai/v1/x", "/u/exa/x" },
        { "//cdn.example/x", "https://cdn.example/x" },
        { "/v1/jobs/7", "/u/exa/jobs/7" },
        { "/v1/a%2Fb//c?d=/../e", "/u/exa/a%2Fb//c?d=/../e" },
        { "/login", "https://api.exa.ai/login" },
        { "/v1/../../u/evil/x", "https://api.exa.ai/u/evil/x" },
        { "/v1/%2e%2E/x", "https://api.exa.ai/x" },
        { "/v1/./x/.", "/u/exa/x/" },
        { "/v1/..\\..\\u\\evil", "https://api.exa.ai/u/evil" },
        { "jobs/8", "/u/exa/a/jobs/8" },
        { "./jobs/8", "/u/exa/a/jobs/8" },
        { "../jobs/8", "/u/exa/jobs/8" },
        { "../../../../v1x", "https://api.exa.ai/v1x" },
        { "../../v1/x", "/u/exa/x" },
        { "?page=2", "/u/exa/a/b?page=2" },
        { "#there", "#there" },
        { "", "" },
    };

    [Theory, MemberData(nameof(Cookies))]
    public async Task A_cookie_of_a_merchant_is_for_that_merchant(string cookie, string? seen)
    {
        using var origin = new RawOrigin($"HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nSet-Cookie: other=2\r\nSet-Cookie2: old=3\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await StartAsync("shop", $"http://127.0.0.1:{origin.Port}", "/v1", origin.Port);

        var answer = await GetAsync(proxy, "/u/shop/a/b");

        Assert.Equal(
            seen is null ? ["Set-Cookie: other=2; Path=/u/shop/a"] : [$"Set-Cookie: {seen}", "Set-Cookie: other=2; Path=/u/shop/a"],
            answer.Split("\r\n").Where(line => line.StartsWith("Set-Cookie", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData("/u/shop", "")]
    [InlineData("/u/shop?x=/y/z", "")]
    [InlineData("/u/shop/", "")]
    [InlineData("/u/shop/x", "")]
    [InlineData("/u/shop/x/", "/x")]
    public async Task A_cookie_without_a_path_stays_where_it_came_from(string target, string path)
    {
        using var origin = new RawOrigin("HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await StartAsync("shop", $"http://127.0.0.1:{origin.Port}", "", origin.Port);

        Assert.Contains($"\r\nSet-Cookie: s=1; Path=/u/shop{path}\r\n", await GetAsync(proxy, target), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_keeps_cookies_shows_them_to_their_merchant_only()
    {
        using var shop = new RawOrigin("HTTP/1.1 200 OK\r\nSet-Cookie: session=secret; Path=/\r\nContent-Length: 0\r\n\r\n");
        using var evil = new RawOrigin("HTTP/1.1 200 OK\r\nSet-Cookie: session=forged; Path=/u/shop\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await StartAsync("shop", $"http://127.0.0.1:{shop.Port}", "", shop.Port, evil.Port);
        proxy.Policy.Upstreams["evil"] = Upstream("evil", $"http://127.0.0.1:{evil.Port}", "");
        using var client = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() });
        client.DefaultRequestHeaders.Add("Smart-Proxy-Token", FakeAuthenticator.Token);
        string[] paths = ["shop/", "evil/", "shop/x", "evil"];

        foreach (var path in paths)
        {
            (await client.GetAsync($"http://127.0.0.1:{proxy.Port}/u/{path}", Stop)).Dispose();
        }

        Assert.DoesNotContain("Cookie", await shop.Heads.Reader.ReadAsync(Stop), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("session=secret\r\n", await shop.Heads.Reader.ReadAsync(Stop), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", await evil.Heads.Reader.ReadAsync(Stop), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", await evil.Heads.Reader.ReadAsync(Stop), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(References))]
    public void A_reference_leads_back_through_the_proxy_or_away_in_full(string reference, string seen) =>
        Assert.Equal(seen, Upstream("exa", "https://api.exa.ai", "/v1").ReferenceFor(reference, "/v1/a/b?c=/d/"));

    [Theory]
    [InlineData("/jobs/7", "", "/u/exa/jobs/7")]
    [InlineData("/../evil/x", "", "/u/exa/evil/x")]
    [InlineData("/..\\..\\u\\evil\\x", "", "/u/exa/u/evil/x")]
    [InlineData("jobs/7", "", "/u/exa/jobs/7")]
    public void At_a_whole_host_it_leads_back_to_the_merchant_however_it_climbs(string reference, string basePath, string seen) =>
        Assert.Equal(seen, Upstream("exa", "https://api.exa.ai", basePath).ReferenceFor(reference, "/"));

    [Fact]
    public async Task Everything_in_an_answer_that_leads_somewhere_is_seen_to()
    {
        using var origin = new RawOrigin(
            "HTTP/1.1 302 Found\r\nLocation: ../x\r\nContent-Location: /login\r\nRefresh: 0; url=/u/evil\r\n"
            + "Link: </v1/a?page=2>; rel=\"next\"; title=\"<b>, c\", <https://cdn.example/x>; rel=icon\r\nLink: <../y>;rel=up\r\nContent-Length: 0\r\n\r\n");
        await using var proxy = await StartAsync("shop", $"http://127.0.0.1:{origin.Port}", "/v1", origin.Port);

        var answer = await GetAsync(proxy, "/u/shop/a/b");

        Assert.Contains("\r\nLocation: /u/shop/x\r\n", answer, StringComparison.Ordinal);
        Assert.Contains($"\r\nContent-Location: http://127.0.0.1:{origin.Port}/login\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nLink: </u/shop/a?page=2>; rel=\"next\"; title=\"<b>, c\", <https://cdn.example/x>; rel=icon\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nLink: </u/shop/y>;rel=up\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Refresh", answer, StringComparison.Ordinal);
    }

    private static async Task<ProxyFixture> StartAsync(string merchant, string origin, string basePath, params int[] ports)
    {
        var proxy = await ProxyFixture.StartAsync(ports);
        proxy.Policy.Upstreams[merchant] = Upstream(merchant, origin, basePath);
        return proxy;
    }

    private static NamedUpstream Upstream(string merchant, string origin, string basePath) => new(merchant, Origin.TryParse(origin, out var parsed) ? parsed : default, basePath);

    private static async Task<string> GetAsync(ProxyFixture proxy, string target)
    {
        using var client = await proxy.ConnectAsync(Stop);
        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nSmart-Proxy-Token: {FakeAuthenticator.Token}\r\n\r\n", Stop);
        return await client.ReadMessageAsync(Stop);
    }
}
