using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Policy.Tests.Rules;

/// <summary>What a token is worth and how it signs is what the operator declares; networks and tokens narrow.</summary>
public sealed class TokenTests
{
    private const string Euro = "0x3333333333333333333333333333333333333333";
    private const string Gold = "0x4444444444444444444444444444444444444444";
    private const string Dust = "0x5555555555555555555555555555555555555555";
    private const string Unknown = "0x6666666666666666666666666666666666666666";
    private const string Usdc = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";

    private static readonly PolicySet Policy = Given.Policy($$"""
        { "networks": ["base-sepolia", "sepolia", "eip155:31337"], "assets": ["USDC", "EURT", "GOLD", "DUST"], "testNetworks": ["eip155:31337"],
          "tokens": [
            { "symbol": "EURT", "network": "base-sepolia", "address": "{{Euro}}", "name": "Euro Test", "version": "1", "decimals": 18, "usd": "1.10" },
            { "symbol": "GOLD", "network": "base-sepolia", "address": "{{Gold}}", "name": "Gold, whole ounces", "version": "v2", "decimals": 0, "usd": "2500" },
            { "symbol": "DUST", "network": "base-sepolia", "address": "{{Dust}}", "name": "Dust", "version": "1", "decimals": 36, "usd": "0.000001" },
            { "symbol": "USDC", "network": "eip155:31337", "address": "{{Usdc}}", "name": "Local Dollar", "version": "7", "decimals": 6, "usd": "1" } ],
          "agents": {
            "me": { "allow": ["*"], "limits": { "payment": "3000" } },
            "euro": { "allow": ["*"], "assets": "EURT", "limits": { "payment": "1.10" } },
            "base": { "allow": ["*"], "networks": "base-sepolia" },
            "in": { "allow": ["*"], "limits": { "payment": "10", "in": { "asset:EURT": { "payment": "1.00" }, "network:sepolia": { "payment": "2.00" }, "network:eip155:31337": { "payment": "3.00" }, "asset:USDC": { "payment": "4.00" } } } } } }
        """);

    public static TheoryData<string, string, ulong, string, string, string, string> Values => new()
    {
        { "18 decimals: one whole token", "me", 84532, Euro, "1000000000000000000", "Euro Test/1", "allow 1.10" },
        { "18 decimals: one unit rounds up", "me", 84532, Euro, "1", "Euro Test/1", "allow 0.000001" },
        { "18 decimals: just a micro-dollar", "me", 84532, Euro, "909090909090", "Euro Test/1", "allow 0.000001" },
        { "18 decimals: a unit more is two", "me", 84532, Euro, "909090909091", "Euro Test/1", "allow 0.000002" },
        { "18 decimals: at the limit", "euro", 84532, Euro, "1000000000000000000", "Euro Test/1", "allow 1.10" },
        { "18 decimals: one unit over", "euro", 84532, Euro, "1000000000000000001", "Euro Test/1", "deny AmountOverPaymentLimit by agents.euro.limits.payment" },
        { "18 decimals: 2^128 − 1 units", "me", 84532, Euro, "340282366920938463463374607431768211455", "Euro Test/1", "deny AmountOverPaymentLimit by agents.me.limits.payment" },
        { "no decimals", "me", 84532, Gold, "1", "Gold, whole ounces/v2", "allow 2500.00" },
        { "no decimals, over", "me", 84532, Gold, "2", "Gold, whole ounces/v2", "deny AmountOverPaymentLimit by agents.me.limits.payment" },
        { "no decimals: 2^128 − 1 ounces saturate", "me", 84532, Gold, "340282366920938463463374607431768211455", "Gold, whole ounces/v2", "deny AmountOverPaymentLimit by agents.me.limits.payment" },
        { "36 decimals: never worth nothing", "me", 84532, Dust, "1", "Dust/1", "allow 0.000001" },
        { "36 decimals: 2^128 − 1 units", "me", 84532, Dust, "340282366920938463463374607431768211455", "Dust/1", "allow 0.000341" },
        { "a local chain with the address of another", "me", 31337, Usdc, "10000", "Local Dollar/7", "allow 0.01" },
    };

    public static TheoryData<string, string, ulong, string, string, string, string> Domains => new()
    {
        { "the built-in name", "me", 84532, Usdc, "10000", "USDC/2", "allow 0.01" },
        { "the name of another network", "me", 84532, Usdc, "10000", "USD Coin/2", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "the name in another case", "me", 84532, Usdc, "10000", "usdc/2", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "the name with a space", "me", 84532, Usdc, "10000", "USDC /2", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "no name", "me", 84532, Usdc, "10000", "/2", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "another version", "me", 84532, Usdc, "10000", "USDC/1", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "the symbol is not the name", "me", 84532, Euro, "1", "EURT/1", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "the same address under the other chain's name", "me", 31337, Usdc, "10000", "USDC/2", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
        { "a version with a letter", "me", 84532, Gold, "1", "Gold, whole ounces/2", "deny AssetDomainMismatch by assets DUST, EURT, GOLD, USDC" },
    };

    public static TheoryData<string, string, ulong, string, string, string, string> Narrowed => new()
    {
        { "a token that nobody declared", "me", 84532, Unknown, "1", "USDC/2", "deny AssetNotAllowed by assets DUST, EURT, GOLD, USDC" },
        { "a declared token on another network", "me", 11155111, Euro, "1", "Euro Test/1", "deny AssetNotAllowed by assets DUST, EURT, GOLD, USDC" },
        { "a token that the agent narrowed away", "euro", 84532, Usdc, "1", "USDC/2", "deny AssetNotAllowed by agents.euro.assets EURT" },
        { "a network that the agent narrowed away", "base", 31337, Usdc, "1", "Local Dollar/7", "deny NetworkNotAllowed by agents.base.networks base-sepolia" },
        { "a main network", "me", 8453, Usdc, "1", "USD Coin/2", "deny NetworkNotAllowed by networks base-sepolia, eip155:31337, sepolia" },
        { "in the token's limit", "in", 84532, Euro, "1000000000000000000", "Euro Test/1", "deny AmountOverPaymentLimit by agents.in.limits.in.asset:EURT.payment" },
        { "within the token's limit", "in", 84532, Euro, "900000000000000000", "Euro Test/1", "allow 0.99" },
        { "in the network's limit", "in", 11155111, Usdc, "2000001", "USDC/2", "deny AmountOverPaymentLimit by agents.in.limits.in.network:sepolia.payment" },
        { "within the network's limit", "in", 11155111, Usdc, "2000000", "USDC/2", "allow 2.00" },
        { "a network without a name", "in", 31337, Usdc, "3000001", "Local Dollar/7", "deny AmountOverPaymentLimit by agents.in.limits.in.network:eip155:31337.payment" },
        { "a symbol on every network", "in", 84532, Usdc, "4000001", "USDC/2", "deny AmountOverPaymentLimit by agents.in.limits.in.asset:USDC.payment" },
        { "neither of them", "in", 84532, Dust, "1", "Dust/1", "allow 0.000001" },
    };

    [Theory, MemberData(nameof(Values)), MemberData(nameof(Domains)), MemberData(nameof(Narrowed))]
    public void Tokens_count_as_declared(string note, string agent, ulong network, string asset, string price, string domain, string verdict)
    {
        Assert.NotEmpty(note);
        var question = Given.Question(agent, "https://any.example", price, network: new ChainId(network), asset: EvmAddress.Parse(asset), domain: domain);

        Assert.StartsWith(verdict, Given.Judge(Policy, question), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_nobody_declared_is_refused_by_its_address_and_one_that_is_left_out_by_its_symbol()
    {
        var evaluator = new PolicyEvaluator(Policy);
        var unknown = Assert.IsType<Verdict.Denied>(evaluator.Judge(Given.Question("me", asset: EvmAddress.Parse(Unknown))));
        var left = Assert.IsType<Verdict.Denied>(evaluator.Judge(Given.Question("euro")));

        Assert.Contains($"instead of `{Unknown}`, which the asset registry does not have on base-sepolia", unknown.WouldPass, StringComparison.Ordinal);
        Assert.Contains("an offer in EURT", left.WouldPass, StringComparison.Ordinal);
        Assert.Contains("instead of `USDC`", left.WouldPass, StringComparison.Ordinal);
    }

    [Fact]
    public void A_declared_token_replaces_the_built_in_one()
    {
        var policy = Given.Policy($$"""
            { "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"] } },
              "tokens": [ { "symbol": "USDC", "network": "eip155:84532", "address": "{{Usdc}}", "name": "Other", "version": "3", "decimals": 2, "usd": "0.50" } ] }
            """);

        Assert.Equal("allow 50.00 by agents.me.allow[0] *", Given.Judge(policy, Given.Question(price: "10000", domain: "Other/3")));
        Assert.True(policy.Registry.TryFind(TestTokens.Sepolia, TestTokens.Usdc, out var asset));
        Assert.Equal("Other", asset.DomainName);
    }

    [Fact]
    public void A_declared_test_network_never_stands_beside_money()
    {
        var load = Given.Load("""{ "networks": ["base", "eip155:31337"], "testNetworks": ["eip155:31337"], "agents": {} }""");

        Assert.Contains("expected only test or only main networks", Assert.Single(load.Problems).Message, StringComparison.Ordinal);
        Assert.True(Policy.IsTest);
    }

    public static TheoryData<string, string> Vectors =>
    [
        .. Repository.Vectors("assets").GetProperty("assets").EnumerateArray()
            .Where(a => a.GetProperty("network").GetString()!.StartsWith("eip155:", StringComparison.Ordinal))
            .Select(a => (a.GetProperty("network").GetString()!, a.GetProperty("asset").GetString()!)),
    ];

    [Theory, MemberData(nameof(Vectors))]
    public void Every_token_of_the_reference_packages_is_paid_under_its_own_domain_or_unknown(string network, string address)
    {
        var token = Repository.Vectors("assets").GetProperty("assets").EnumerateArray().Single(a => a.GetProperty("network").GetString() == network && a.GetProperty("asset").GetString() == address);
        string Text(string key) => token.GetProperty(key).GetString()!;
        Assert.True(NetworkNames.TryParse(network, out var chain));
        var symbol = Text("symbol");
        var isKnown = Text("method") == "eip3009";
        var load = PolicyLoader.Load(System.Text.Encoding.UTF8.GetBytes($$"""{ "networks": ["{{network}}"], "assets": ["{{symbol}}"], "agents": { "me": { "allow": ["*"] } } }"""), "p", AssetRegistry.Default);
        if (!isKnown && load.Policy is null)
        {
            // Permit2 is not signed: a token that only does that is not money here, and saying so is an answer.
            Assert.Contains("expected a token that the asset registry has", Assert.Single(load.Problems).Message, StringComparison.Ordinal);
            return;
        }

        var one = "1" + new string('0', token.GetProperty("decimals").GetInt32());
        string Judge(string name, string version)
        {
            var question = Given.Question(price: one, network: chain, asset: EvmAddress.Parse(address));
            return Given.Judge(load.Policy!, question with { Offer = question.Offer with { DomainName = name, DomainVersion = version } });
        }

        Assert.Equal("allow 1.00 by agents.me.allow[0] *", Judge(Text("name"), Text("version")));
        Assert.StartsWith("deny AssetDomainMismatch", Judge(Text("name") + "x", Text("version")), StringComparison.Ordinal);
        Assert.StartsWith("deny AssetDomainMismatch", Judge(Text("name"), Text("version") + "0"), StringComparison.Ordinal);
    }
}
