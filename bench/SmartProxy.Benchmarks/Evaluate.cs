using System.Globalization;
using System.Numerics;
using System.Text;
using BenchmarkDotNet.Attributes;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Benchmarks;

/// <summary>How long does one judgement take with 1,000 agents, 1,000 merchants and 20 limits of every level on the payment? The goal is below 5 µs.</summary>
[MemoryDiagnoser]
public class Evaluate
{
    private PolicyEvaluator _evaluator = null!;
    private PaymentQuestion _exactHost = null!;
    private PaymentQuestion _belowStar = null!;
    private PaymentQuestion _unlisted = null!;
    private PaymentQuestion _everyRule = null!;
    private PaymentQuestion _trickyPath = null!;
    private PaymentQuestion _closed = null!;

    [GlobalSetup]
    public void Setup()
    {
        var load = PolicyLoader.Load(Encoding.UTF8.GetBytes(Text()), "bench", AssetRegistry.Default);
        _evaluator = new PolicyEvaluator(load.Policy ?? throw new InvalidOperationException(string.Join('\n', load.Problems)));
        (_exactHost, _belowStar, _unlisted) = (Question("https://api.m500.example"), Question("https://a.b.c.m501.example"), Question("https://stranger.test"));
        _everyRule = Question("https://api.m500.example", "full500");
        _trickyPath = _everyRule with { Path = "/v1/../search//%2573ession;x=1" };
        _closed = Question("https://api.m500.example", "closed500");
        if (_evaluator.Judge(_everyRule) is not Verdict.Allowed { Lines.Count: 27, Guards: { PriceDrift: not null, Loop: not null, Breaker: not null, Approval: not null } }
            || _evaluator.Judge(_trickyPath) is not Verdict.Allowed || _evaluator.Judge(_closed) is not Verdict.Denied { OpensAt: not null })
        {
            throw new InvalidOperationException("the benchmark does not measure what it says");
        }

        if (_evaluator.Judge(_exactHost) is not Verdict.Allowed { Lines.Count: 20 } || _evaluator.Judge(_unlisted) is not Verdict.Denied)
        {
            throw new InvalidOperationException("the benchmark does not measure what it says");
        }
    }

    [Benchmark(Baseline = true)]
    public Verdict ExactHostWith20Limits() => _evaluator.Judge(_exactHost);

    [Benchmark]
    public Verdict HostBelowAStar() => _evaluator.Judge(_belowStar);

    [Benchmark]
    public Verdict HostThatIsNotListed() => _evaluator.Judge(_unlisted);

    /// <summary>Schedule, endpoints, counts, counters of their own, narrow limits and all guards: 27 limits.</summary>
    [Benchmark]
    public Verdict EveryKindOfRule() => _evaluator.Judge(_everyRule);

    [Benchmark]
    public Verdict EveryKindOfRuleWithATrickyPath() => _evaluator.Judge(_trickyPath);

    /// <summary>Looks for the instant at which it opens.</summary>
    [Benchmark]
    public Verdict OutsideTheSchedule() => _evaluator.Judge(_closed);

    private static string Text()
    {
        const string windows = "\"payment\": \"1.00\", \"1h\": \"5.00\", \"day\": \"10.00\", \"week\": \"20.00\", \"month\": \"30.00\", \"total\": \"40.00\"";
        var merchants = Join(i => $"\"m{i}\": {{ \"hosts\": [\"api.m{i}.example\", \"*.c.m{i}.example\"], \"category\": \"c{i % 10}\", \"limits\": {{ \"day\": \"100.00\", \"week\": \"200.00\" }} }}");
        var agents = Join(i => $"\"a{i}\": {{ \"policy\": \"p\", \"limits\": {{ \"day\": \"{i + 1}.00\" }} }}");
        var full = Join(i => $"\"full{i}\": {{ \"policy\": \"full\" }}");
        var closed = Join(i => $"\"closed{i}\": {{ \"policy\": \"closed\" }}");
        return $$"""
            { "networks": ["base-sepolia"],
              "organization": { "limits": { {{windows}} } },
              "merchants": { {{merchants}} },
              "groups": { "g": { "limits": { {{windows}} } } },
              "policies": { "p": { "group": "g", "allow": ["category:c0", "category:c1"], "limits": { {{windows}},
                "each": { "merchant": { "day": "2.00", "week": "3.00" } }, "in": { "category:c0": { "day": "1.50" } } } },
                "full": { "group": "g", "allow": ["category:c0", "category:c1"], "deny": ["m500 DELETE /search*", "m500 * /admin*"], "schedule": ["mon-fri 08:00-20:00", "daily 00:00-07:00"],
                  "limits": { {{windows}}, "payments": { "1m": 30, "day": 200, "concurrent": 3 },
                    "each": { "merchant": { "day": "2.00" }, "recipient": { "day": "2.00" }, "category": { "day": "2.00" } },
                    "in": { "m500 GET /s*": { "day": "1.50" }, "network:base-sepolia": { "day": "9.00" }, "asset:USDC": { "week": "19.00" } } },
                  "approval": { "above": "0.001", "newRecipient": true }, "priceDrift": "50%", "loop": { "times": 5, "within": "1m" }, "breaker": { "failures": 3, "pause": "15m" } },
                "closed": { "allow": ["category:c0"], "schedule": { "hours": "sat 10:00-14:00", "timeZone": "Europe/Berlin" } } },
              "agents": { {{agents}}, {{full}}, {{closed}} } }
            """;
    }

    private static string Join(Func<int, string> entry) =>
        string.Join(",\n", Enumerable.Range(0, 1000).Select(i => string.Create(CultureInfo.InvariantCulture, $"{entry(i)}")));

    private static PaymentQuestion Question(string url, string agent = "a500")
    {
        if (!Origin.TryParse(url, out var origin))
        {
            throw new ArgumentException($"expected an origin, found `{url}`", nameof(url));
        }

        var asset = AssetRegistry.Default.Assets.First(a => a.Chain == new ChainId(84532));
        var offer = new PaymentOffer
        {
            Rail = "x402",
            Version = 2,
            Index = 0,
            Scheme = "exact",
            Network = asset.Chain,
            NetworkText = asset.Chain.ToString(),
            Amount = new BigInteger(10_000),
            Asset = asset.Address,
            PayTo = EvmAddress.Parse("0x1111111111111111111111111111111111111111"),
            MaxTimeoutSeconds = 60,
            DomainName = asset.DomainName,
            DomainVersion = asset.DomainVersion,
            Original = "{}",
        };
        return new PaymentQuestion(new AgentId(agent), "GET", IsUpgrade: false, origin, offer) { Path = "/search", At = DateTimeOffset.UnixEpoch };
    }
}
