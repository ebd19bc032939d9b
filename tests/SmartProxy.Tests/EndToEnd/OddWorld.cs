using System.Globalization;
using System.Text.Json;
using SmartProxy.Tests.Payments;
using WireMock.Matchers;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>
/// One proxy, a WireMock origin and two scripted ones, shared by a class for speed. Every test takes a path and an agent of its own, so that
/// what is spent and held is the test's alone.
/// </summary>
public sealed class OddWorld : IAsyncLifetime
{
    private const int Agents = 60;
    private int _cases;

    internal RunningProxy Proxy { get; private set; } = null!;

    internal WireMockServer Mock { get; private set; } = null!;

    /// <summary>Over http.</summary>
    internal ScriptedSeller Seller { get; private set; } = null!;

    /// <summary>Over https, intercepted.</summary>
    internal ScriptedSeller TlsSeller { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Mock = WireMockServer.Start();
        Seller = await ScriptedSeller.StartAsync(tls: false);
        TlsSeller = await ScriptedSeller.StartAsync(tls: true);
        Proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = PolicyFor($"127.0.0.1:{Mock.Port}", Seller.Authority, TlsSeller.Authority),
            Agents = ["poor", .. Enumerable.Range(1, Agents).Select(AgentName)],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await Seller.DisposeAsync();
        await TlsSeller.DisposeAsync();
        Mock.Dispose();
    }

    internal static string PolicyFor(params string[] hosts) => $$"""
        { "networks": ["base-sepolia"],
          "merchants": { "odd": { "hosts": [{{string.Join(", ", hosts.Select(host => $"\"{host}\""))}}], "allowCleartext": true } },
          "policies": { "small": { "allow": ["odd"], "limits": { "payment": "0.05", "day": "1.00" } } },
          "agents": { "me": { "policy": "small" }, "a-*": { "policy": "small" }, "poor": { "policy": "small", "limits": { "day": "0.10" } } } }
        """;

    /// <summary>An agent and a path that no other test uses.</summary>
    internal OddCase NextCase()
    {
        var number = Interlocked.Increment(ref _cases);
        return new OddCase(this, AgentName(number), string.Create(CultureInfo.InvariantCulture, $"/case-{number}"));
    }

    private static string AgentName(int number) => string.Create(CultureInfo.InvariantCulture, $"a-{number}");
}

/// <summary>One test's agent and path.</summary>
internal sealed class OddCase(OddWorld world, string agent, string path) : IDisposable
{
    private HttpClient? _client;

    public string Agent => agent;

    public string Path => path;

    public HttpClient Client => _client ??= world.Proxy.As(agent);

    public string MockUrl => world.Mock.Urls[0].Replace("localhost", "127.0.0.1", StringComparison.Ordinal) + path;

    /// <summary>What WireMock answers to a request without a payment, and to any other where <see cref="OnPaid"/> says nothing.</summary>
    public void On(IResponseBuilder answer) => world.Mock.Given(Request.Create().WithPath(path)).AtPriority(10).RespondWith(answer);

    public void OnPaid(IResponseBuilder answer)
    {
        foreach (var header in new[] { "PAYMENT-SIGNATURE", "X-PAYMENT" })
        {
            world.Mock.Given(Request.Create().WithPath(path).WithHeader(header, new WildcardMatcher("*"))).AtPriority(1).RespondWith(answer);
        }
    }

    /// <summary>WireMock asks for one cent.</summary>
    public void Ask() => On(Response.Create().WithStatusCode(402).WithHeader("PAYMENT-REQUIRED", Terms.Header()).WithBody("{}"));

    public IReadOnlyList<SeenRequest> Seen() =>
    [
        .. world.Mock.LogEntries.Select(entry => entry.RequestMessage).OfType<WireMock.IRequestMessage>().Where(request => request.Path == path).Select(request => new SeenRequest(
            request.Method, request.Path, (request.Headers ?? new Dictionary<string, WireMock.Types.WireMockList<string>>()).ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase), request.BodyAsBytes ?? [])),
    ];

    /// <summary>The one payment that WireMock was given, however often; checked to be the proxy wallet's own signature.</summary>
    public string OnlyPayment() => OnlyPayment([.. Seen().Select(request => request.Payment).OfType<string>().Distinct()]);

    public static string OnlyPayment(IReadOnlyList<string> payments)
    {
        var payment = Assert.Single(payments);
        Assert.Equal(Terms.Cent.ToString(CultureInfo.InvariantCulture), FlowKit.Open(payment).Value);
        return payment;
    }

    public Task<HttpResponseMessage> GetAsync(string? url = null) => SendAsync(new HttpRequestMessage(HttpMethod.Get, url ?? MockUrl));

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => Client.SendAsync(request, TestContext.Current.CancellationToken);

    public async Task AssertMoneyAsync(int spent, int held) =>
        Assert.Equal(((UInt128)spent, (UInt128)held), await world.Proxy.MoneyOfAsync(agent));

    public void Dispose() => _client?.Dispose();

    public static async Task<byte[]> BytesOf(HttpResponseMessage answer) => await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

    public static string? ReasonOf(string problem)
    {
        using var document = JsonDocument.Parse(problem);
        return document.RootElement.GetProperty("reason").GetString();
    }
}
