using System.Globalization;
using System.Numerics;
using System.Text;
using BenchmarkDotNet.Attributes;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Benchmarks;

/// <summary>How long does one judgement take with 1,000 agents, 1,000 merchants and 20 limits on the payment? The goal is below 5 µs.</summary>
[MemoryDiagnoser]
public class Evaluate
{
    private PolicyEvaluator _evaluator = null!;
    private PaymentQuestion _exactHost = null!;
    private PaymentQuestion _belowStar = null!;
    private PaymentQuestion _unlisted = null!;

    [GlobalSetup]
    public void Setup()
    {
        var load = PolicyLoader.Load(Encoding.UTF8.GetBytes(Text()), "bench", AssetRegistry.Default);
        _evaluator = new PolicyEvaluator(load.Policy ?? throw new InvalidOperationException(string.Join('\n', load.Problems)));
        (_exactHost, _belowStar, _unlisted) = (Question("https://api.m500.example"), Question("https://a.b.c.m501.example"), Question("https://stranger.test"));
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

    private static string Text()
    {
        const string windows = "\"payment\": \"1.00\", \"1h\": \"5.00\", \"day\": \"10.00\", \"week\": \"20.00\", \"month\": \"30.00\", \"total\": \"40.00\"";
        var merchants = Join(i => $"\"m{i}\": {{ \"hosts\": [\"api.m{i}.example\", \"*.c.m{i}.example\"], \"category\": \"c{i % 10}\", \"limits\": {{ \"day\": \"100.00\", \"week\": \"200.00\" }} }}");
        var agents = Join(i => $"\"a{i}\": {{ \"policy\": \"p\", \"limits\": {{ \"day\": \"{i + 1}.00\" }} }}");
        return $$"""
            { "networks": ["base-sepolia"],
              "organization": { "limits": { {{windows}} } },
              "merchants": { {{merchants}} },
              "groups": { "g": { "limits": { {{windows}} } } },
              "policies": { "p": { "group": "g", "allow": ["category:c0", "category:c1"], "limits": { {{windows}},
                "each": { "merchant": { "day": "2.00", "week": "3.00" } }, "in": { "category:c0": { "day": "1.50" } } } } },
              "agents": { {{agents}} } }
            """;
    }

    private static string Join(Func<int, string> entry) =>
        string.Join(",\n", Enumerable.Range(0, 1000).Select(i => string.Create(CultureInfo.InvariantCulture, $"{entry(i)}")));

    private static PaymentQuestion Question(string url)
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
        return new PaymentQuestion(new AgentId("a500"), "GET", IsUpgrade: false, origin, offer) { Path = "/search", At = DateTimeOffset.UnixEpoch };
    }
}
