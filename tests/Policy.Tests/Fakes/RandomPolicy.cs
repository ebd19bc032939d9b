using System.Text.Json.Nodes;
using CsCheck;

namespace SmartProxy.Policy.Tests.Fakes;

/// <summary>A small policy of every kind of rule, for one agent; made of values that a property can change.</summary>
internal sealed record RandomPolicy(string[] Allow, string[] Deny, (string Key, int Cents)[] Limits, (string Key, int Count)[] Counts, (string By, int Cents)[] Each, (string Selector, int Cents)[] In, string[] Hours)
{
    public static readonly string[] Selectors =
    [
        "*", "exa", "papers", "category:search", "category:data", "category:gambling", "*.example", "a.papers.example", "free.example",
        "exa POST /search*", "exa * /admin", "papers GET /a*", "papers GET /a/b", "0x2222222222222222222222222222222222222222",
    ];

    private static readonly string[] Windows = ["payment", "day", "week", "month", "quarter", "year", "total", "1h", "90s"];
    private static readonly string[] Inside = ["exa", "papers", "category:data", "free.example", "exa POST /search*", "network:base-sepolia", "network:sepolia", "asset:USDC", "asset:EURC"];
    private static readonly string[] Spans = ["mon-fri 08:00-20:00", "daily 22:00-06:00", "sat,sun 10:00-14:00", "wed 00:00-24:00", "daily 11:30-12:30"];

    private static readonly Gen<(string Key, int Cents)[]> Dollars = Some(Gen.Select(Pick(Windows), Gen.Int[0, 300]), l => l.Item1, 4);

    public static readonly Gen<RandomPolicy> Any = Gen.Select(
        Some(Pick([.. Selectors[..^1], "*", "*", "*"]), s => s, 4),
        Some(Pick(Selectors), s => s, 3),
        Dollars,
        Some(Gen.Select(Pick("1m", "day", "total", "concurrent"), Gen.Int[0, 9]), c => c.Item1, 3),
        Some(Gen.Select(Pick("merchant", "recipient", "category"), Gen.Int[0, 300]), e => e.Item1, 2),
        Some(Gen.Select(Pick(Inside), Gen.Int[0, 300]), i => i.Item1, 3),
        Some(Pick(Spans), s => s, 2))
        .Select((allow, deny, limits, counts, each, inside, hours) => new RandomPolicy(allow, deny, limits, counts, each, inside, hours));

    public static readonly Gen<PaymentQuestion> Purchase = Gen.Select(
        Pick("https://api.exa.ai", "https://a.papers.example", "https://b.papers.example", "https://free.example", "https://x.casino.example", "https://free.example:8443", "http://free.example"),
        Pick(Given.Seller, Given.Stranger),
        Gen.Int[0, 300],
        Pick("GET", "POST"),
        Pick("/", "/search", "/search/../admin", "/admin", "/%61dmin", "/a/b"),
        Gen.Int[0, (7 * 24) - 1],
        Gen.Int[0, 2])
        .Select((url, payTo, cents, method, path, hour, token) => Given.Question(
            "me",
            url,
            $"{cents * 10_000}",
            payTo,
            method,
            network: token == 1 ? TestTokens.OtherTest : TestTokens.Sepolia,
            asset: token == 2 ? TestTokens.Eurc : TestTokens.Usdc,
            domain: token == 2 ? "EURC/2" : "USDC/2",
            path: path,
            at: Given.Noon.AddHours(hour)));

    public static Gen<string> Pick(params string[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    public JsonObject ToJson() => new()
    {
        ["networks"] = new JsonArray("base-sepolia", "sepolia"),
        ["assets"] = new JsonArray("USDC", "EURC"),
        ["merchants"] = new JsonObject
        {
            ["exa"] = new JsonObject { ["hosts"] = new JsonArray("api.exa.ai"), ["category"] = "search", ["priceDrift"] = "20%" },
            ["papers"] = new JsonObject { ["hosts"] = new JsonArray("*.papers.example"), ["category"] = "data", ["limits"] = new JsonObject { ["payment"] = "2.00" } },
        },
        ["categories"] = new JsonObject { ["gambling"] = new JsonArray("*.casino.example", "bets.example") },
        ["groups"] = new JsonObject { ["lab"] = new JsonObject { ["limits"] = new JsonObject { ["day"] = "50.00" }, ["tags"] = new JsonObject { ["a"] = "1", ["b"] = "2" } } },
        ["policies"] = new JsonObject { ["p"] = new JsonObject { ["group"] = "lab", ["loop"] = new JsonObject { ["times"] = 3, ["within"] = "1m" }, ["limits"] = new JsonObject { ["30d"] = "90.00" } } },
        ["agents"] = new JsonObject { ["me"] = Agent() },
    };

    public Verdict Judge(PaymentQuestion question) => Judge(ToJson(), question);

    public static Verdict Judge(JsonObject policy, PaymentQuestion question) => new PolicyEvaluator(Given.Policy(policy.ToJsonString())).Judge(question);

    private JsonObject Agent()
    {
        var limits = new JsonObject(Limits.Select(l => KeyValuePair.Create(l.Key, Text(l.Cents))))
        {
            ["payments"] = new JsonObject(Counts.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)c.Count))),
            ["each"] = new JsonObject(Each.Select(e => KeyValuePair.Create(e.By, (JsonNode?)new JsonObject { ["day"] = Text(e.Cents) }))),
            ["in"] = new JsonObject(In.Select(i => KeyValuePair.Create(i.Selector, (JsonNode?)new JsonObject { ["payment"] = Text(i.Cents), ["week"] = Text(i.Cents * 3) }))),
        };
        var agent = new JsonObject
        {
            ["policy"] = "p",
            ["allow"] = new JsonArray([.. Allow.Select(s => (JsonNode)s!)]),
            ["deny"] = new JsonArray([.. Deny.Select(s => (JsonNode)s!)]),
            ["limits"] = limits,
            ["approval"] = new JsonObject { ["above"] = "1.00", ["newHost"] = true },
        };
        if (Hours.Length > 0)
        {
            agent["schedule"] = new JsonArray([.. Hours.Select(s => (JsonNode)s!)]);
        }

        return agent;
    }

    private static JsonNode? Text(int cents) => $"{cents / 100}.{cents % 100:D2}";

    private static Gen<T[]> Some<T, TKey>(Gen<T> item, Func<T, TKey> key, int most) => item.Array[0, most].Select(a => a.DistinctBy(key).ToArray());
}
