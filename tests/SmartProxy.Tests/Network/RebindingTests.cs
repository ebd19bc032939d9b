using System.Net;
using SmartProxy.Policies;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Network;

/// <summary>Names whose answers change, against a proxy that asks a DNS server of the test's. One origin may be reached; on the same port listens what may not.</summary>
public sealed class RebindingTests : IAsyncLifetime
{
    private const int Rounds = 1_000;
    private const int TunnelRounds = 150;

    private static readonly IPAddress Good = IPAddress.Parse("127.0.0.9");

    private static readonly IPAddress[] Bad =
    [
        .. new[]
        {
            "127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "168.63.129.16", "100.64.0.1", "192.168.1.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:127.0.0.9",
            "64:ff9b::127.0.0.1", "2002:7f00:1::1", "fd00:ec2::254", "fe80::1", "::127.0.0.1",
        }.Select(IPAddress.Parse),
    ];

    private readonly Dictionary<string, Queue<IPAddress[]>> _scripts = [];
    private readonly TestDns _dns;
    private Canary _good = null!;
    private Canary _bad = null!;
    private ProxyFixture _proxy = null!;

    public RebindingTests() => _dns = new TestDns(Next);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_good, _bad) = Canary.OnOnePort(Good, IPAddress.Loopback);
        _proxy = await ProxyFixture.StartAsync([], egress: egress => egress.Allow.Add($"{Good}:{_good.Port}"));
        _proxy.Resolve = _dns.ResolveAsync;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _dns.Dispose();
        _good.Dispose();
        _bad.Dispose();
    }

    [Fact]
    public async Task A_thousand_rounds_of_changing_answers_never_reach_what_was_not_judged()
    {
        const int Seed = 20_261;
        var random = new Random(Seed);
        using var client = _proxy.CreateClient();
        for (var round = 0; round < Rounds; round++)
        {
            var name = $"r{round}.rebind.test";
            var (first, passes) = Answers(random);

            // Whoever asks a second time for the same connection is told something else.
            _scripts[name] = new Queue<IPAddress[]>([first, [Bad[0]], [Bad[0]]]);
            var before = _dns.Queries;
            using var answer = await client.GetAsync($"http://{name}:{_good.Port}/", Token);

            Assert.True(answer.StatusCode == (passes ? HttpStatusCode.OK : HttpStatusCode.Forbidden), $"seed {Seed}, round {round}: {answer.StatusCode} for {string.Join(", ", first.AsEnumerable())}");
            Assert.Equal(before + 2, _dns.Queries);
        }

        Assert.Equal(0, _bad.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nor_do_they_through_a_tunnel(bool isBlind)
    {
        const int Seed = 20_262;
        var random = new Random(Seed);
        _proxy.Policy.Swap(isBlind ? TunnelTreatment.Blind : TunnelTreatment.Intercept);
        for (var round = 0; round < TunnelRounds; round++)
        {
            var name = $"t{round}.rebind.test";
            var (first, passes) = Answers(random);
            _scripts[name] = new Queue<IPAddress[]>([first, [Bad[0]], [Bad[0]]]);
            var before = _dns.Queries;

            var answer = await ThroughTunnelAsync($"{name}:{_good.Port}");

            Assert.True(answer.StartsWith(passes ? "HTTP/1.1 200 " : "HTTP/1.1 403 ", StringComparison.Ordinal), $"seed {Seed}, round {round}: {answer} for {string.Join(", ", first.AsEnumerable())}");
            Assert.Equal(passes, answer.Contains(Canary.Song, StringComparison.Ordinal));
            Assert.Equal(before + 2, _dns.Queries);
        }

        Assert.Equal(0, _bad.Connections);
    }

    [Fact]
    public async Task A_kept_connection_stays_where_it_was_judged_and_a_new_one_is_judged_again()
    {
        const string Name = "moves.rebind.test";
        _scripts[Name] = new Queue<IPAddress[]>([[Good], [Bad[0]]]);
        using var client = _proxy.CreateClient();
        var url = $"http://{Name}:{_good.Port}/";
        using var first = await client.GetAsync(url, Token);
        using var second = await client.GetAsync(url, Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, 2, 1), (first.StatusCode, second.StatusCode, _dns.Queries, _good.Connections));

        // An origin of another name shares nothing with it, and an answer that was good once is no answer for the next connection.
        using var third = await client.GetAsync(url.Replace("http://moves", "http://MOVES", StringComparison.Ordinal), Token);
        using var https = await client.GetAsync(url.Replace("http://", "https://", StringComparison.Ordinal), Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden, 4), (third.StatusCode, https.StatusCode, _dns.Queries));
        Assert.Equal((1, 0), (_good.Connections, _bad.Connections));
    }

    // The answer to the CONNECT where that is refused, else to a request inside.
    private async Task<string> ThroughTunnelAsync(string target)
    {
        using var client = await _proxy.ConnectAsync(Token);
        await client.SendAsync($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: {FakeAuthenticator.Basic}\r\n\r\n", Token);
        var head = await client.ReadHeadAsync(Token);
        if (!head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
        {
            return head;
        }

        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n", Token);
        return await client.ReadToEndAsync(Token);
    }

    // Good alone, or among further good ones; or with a bad one at any place among them.
    private static (IPAddress[] Addresses, bool Passes) Answers(Random random)
    {
        var addresses = Enumerable.Repeat(Good, random.Next(1, 12)).ToList();
        var passes = random.Next(2) == 0;
        if (!passes)
        {
            addresses.Insert(random.Next(addresses.Count + 1), Bad[random.Next(Bad.Length)]);
        }

        return ([.. addresses], passes);
    }

    // The question for AAAA belongs to the one for A before it.
    private IPAddress[] Next(string name) =>
        _scripts[name] is var script && _dns.Queries % 2 == 0 && script.Count > 1 ? script.Dequeue() : script.Peek();
}
