using SmartProxy.Policy.Tests.Fakes;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Tests;

/// <summary>Who may pay what to whom, case by case, in the order of precedence.</summary>
public sealed class PolicyEvaluatorTests
{
    private const string Team = """
        {
          "networks": ["base-sepolia", "sepolia"], "assets": ["USDC", "EURC"], "wallet": "main",
          "organization": { "limits": { "payment": "5.00" } },
          "merchants": {
            "exa": { "hosts": "api.exa.ai", "category": "search", "recipients": ["0x1111111111111111111111111111111111111111"] },
            "papers": { "hosts": ["*.papers.example", "papers.example:8443"], "category": "data", "limits": { "payment": "0.10" }, "payHead": true },
            "lan": { "hosts": ["lan.example", "10.0.0.7:8080", "[2001:db8::7]"], "allowCleartext": true, "payUpgrades": true, "networks": "base-sepolia", "recipients": "any" } },
          "categories": { "gambling": ["*.casino.example", "bets.example"] },
          "groups": { "lab": { "limits": { "payment": "1.00", "day": "40.00" } } },
          "policies": {
            "research": { "group": "lab", "allow": ["exa", "category:data", "lan"], "deny": ["category:gambling"], "limits": { "payment": "0.50" } } },
          "agents": {
            "r-*": { "policy": "research" },
            "r-12": { "policy": "research", "deny": ["bad.papers.example", "0x2222222222222222222222222222222222222222"], "limits": { "payment": "0.80" } },
            "me": { "allow": ["*"], "deny": ["category:gambling", "evil.example"], "assets": "USDC", "networks": "base-sepolia", "limits": { "in": { "exa": { "payment": "0.02" } } } },
            "mute": {},
            "port": { "allow": ["shop.example:8443", "*.sub.example"], "recipients": ["0x1111111111111111111111111111111111111111"] } } }
        """;

    private static readonly PolicyEvaluator Evaluator = new(Given.Policy(Team));

    public static TheoryData<string, string, string, string, string> Hosts => new()
    {
        { "an exact host of an allowed merchant", "r-1", "https://api.exa.ai", Given.Seller, "allow 0.01 by policies.research.allow[0] exa" },
        { "an unknown agent", "stranger", "https://api.exa.ai", Given.Seller, "deny UnknownAgent by -" },
        { "a name that only starts like the pattern", "r", "https://api.exa.ai", Given.Seller, "deny UnknownAgent by -" },
        { "an agent that allows nothing", "mute", "https://api.exa.ai", Given.Seller, "deny MerchantNotAllowed by -" },
        { "a host that nobody lists", "r-1", "https://other.example", Given.Seller, "deny MerchantNotAllowed by -" },
        { "everything", "me", "https://other.example", Given.Seller, "allow 0.01 by agents.me.allow[0] *" },
        { "everything on any port", "me", "https://other.example:9443", Given.Seller, "allow 0.01 by agents.me.allow[0] *" },
        { "deny wins over everything", "me", "https://evil.example", Given.Seller, "deny Denied by agents.me.deny[1] evil.example" },
        { "deny wins on the port of http too", "me", "https://evil.example:80", Given.Seller, "deny Denied by agents.me.deny[1] evil.example" },
        { "a denied category on the port of http", "me", "https://big.casino.example:80", Given.Seller, "deny Denied by agents.me.deny[0] category:gambling" },
        { "a denied category", "me", "https://big.casino.example", Given.Seller, "deny Denied by agents.me.deny[0] category:gambling" },
        { "a denied category, far below", "me", "https://a.b.casino.example", Given.Seller, "deny Denied by agents.me.deny[0] category:gambling" },
        { "a star does not mean the name itself", "me", "https://casino.example", Given.Seller, "allow 0.01 by agents.me.allow[0] *" },
        { "a look-alike suffix is another host", "me", "https://notcasino.example", Given.Seller, "allow 0.01 by agents.me.allow[0] *" },
        { "a deny of the agent adds to its policy's", "r-12", "https://bad.papers.example", Given.Seller, "deny Denied by agents.r-12.deny[0] bad.papers.example" },
        { "a denied recipient", "r-12", "https://x.papers.example", Given.Stranger, "deny Denied by agents.r-12.deny[1] 0x2222222222222222222222222222222222222222" },
        { "the same recipient, for another agent", "r-1", "https://x.papers.example", Given.Stranger, "allow 0.01 by policies.research.allow[1] category:data" },
        { "a category through its merchant", "r-1", "https://x.papers.example", Given.Seller, "allow 0.01 by policies.research.allow[1] category:data" },
        { "below the star only", "r-1", "https://papers.example", Given.Seller, "deny MerchantNotAllowed by -" },
        { "the listed port", "r-1", "https://papers.example:8443", Given.Seller, "allow 0.01 by policies.research.allow[1] category:data" },
        { "another port is another place", "r-1", "https://x.papers.example:8443", Given.Seller, "deny MerchantNotAllowed by -" },
        { "the default port in so many words", "r-1", "https://api.exa.ai:443", Given.Seller, "allow 0.01 by policies.research.allow[0] exa" },
        { "https on the port of http", "r-1", "https://api.exa.ai:80", Given.Seller, "deny MerchantNotAllowed by -" },
        { "http on the port of https", "r-1", "http://api.exa.ai:443", Given.Seller, "deny MerchantNotAllowed by -" },
        { "upper case", "r-1", "https://API.EXA.AI", Given.Seller, "allow 0.01 by policies.research.allow[0] exa" },
        { "a trailing dot", "r-1", "https://api.exa.ai.", Given.Seller, "allow 0.01 by policies.research.allow[0] exa" },
        { "a longer name that starts alike", "r-1", "https://api.exa.ai.evil.example", Given.Seller, "deny MerchantNotAllowed by -" },
        { "a longer name that ends alike", "r-1", "https://evil-api.exa.ai", Given.Seller, "deny MerchantNotAllowed by -" },
        { "a homoglyph (Cyrillic a)", "r-1", "https://\u0430pi.exa.ai", Given.Seller, "deny MerchantNotAllowed by -" },
        { "a port in allow", "port", "https://shop.example:8443", Given.Seller, "allow 0.01 by agents.port.allow[0] shop.example:8443" },
        { "without the port in allow", "port", "https://shop.example", Given.Seller, "deny MerchantNotAllowed by -" },
        { "a star in allow", "port", "https://a.sub.example", Given.Seller, "allow 0.01 by agents.port.allow[1] *.sub.example" },
        { "an address is an exact host", "r-1", "http://10.0.0.7:8080", Given.Seller, "allow 0.01 by policies.research.allow[2] lan" },
        { "the neighbour's address", "r-1", "http://10.0.0.8:8080", Given.Seller, "deny MerchantNotAllowed by -" },
        { "an IPv6 literal in another spelling", "r-1", "https://[2001:0db8:0::7]", Given.Seller, "allow 0.01 by policies.research.allow[2] lan" },
        { "cleartext where the merchant says so", "r-1", "http://lan.example", Given.Seller, "allow 0.01 by policies.research.allow[2] lan" },
        { "cleartext elsewhere", "r-1", "http://api.exa.ai", Given.Seller, "deny CleartextNotAllowed by merchants.exa.allowCleartext" },
        { "cleartext without a merchant", "me", "http://other.example", Given.Seller, "deny CleartextNotAllowed by -" },
        { "a listed recipient of the merchant", "me", "https://api.exa.ai", Given.Seller, "allow 0.01 by agents.me.allow[0] *" },
        { "another recipient", "me", "https://api.exa.ai", Given.Stranger, "deny RecipientNotAllowed by merchants.exa.recipients" },
        { "the agent's recipients do not count at a merchant", "r-1", "https://x.papers.example", Given.Stranger, "allow 0.01 by policies.research.allow[1] category:data" },
        { "the agent's recipients where no merchant names the host", "port", "https://shop.example:8443", Given.Stranger, "deny RecipientNotAllowed by agents.port.recipients" },
        { "nobody holds the zero address", "me", "https://other.example", "0x0000000000000000000000000000000000000000", "deny RecipientNotAllowed by agents.me.recipients" },
        { "the zero address, even where any is allowed", "r-1", "https://lan.example", "0x0000000000000000000000000000000000000000", "deny RecipientNotAllowed by merchants.lan.recipients" },
    };

    [Theory, MemberData(nameof(Hosts))]
    public void Hosts_and_recipients_are_judged_by_their_rules(string note, string agent, string url, string payTo, string verdict)
    {
        Assert.NotEmpty(note);
        Assert.Equal(verdict, Given.Words(Evaluator.Judge(Given.Question(agent, url, payTo: payTo))));
    }

    [Theory]
    [InlineData("shop.bot", "allow 0.01 by agents[\"*.bot\"].allow[0] *")]
    [InlineData("special.bot", "deny MerchantNotAllowed by -")]
    [InlineData("shop.bot.x", "deny UnknownAgent by -")]
    [InlineData("bot", "deny UnknownAgent by -")]
    public void A_pattern_may_start_with_the_star_and_an_exact_name_beats_it(string agent, string verdict)
    {
        var policy = Given.Policy("""{ "networks": ["base-sepolia"], "agents": { "*.bot": { "allow": ["*"] }, "special.bot": {} } }""");

        Assert.Equal(verdict, Given.Words(new PolicyEvaluator(policy).Judge(Given.Question(agent))));
    }

    public static TheoryData<string, string, string, bool, string> Methods => new()
    {
        { "GET", "https://api.exa.ai", "GET", false, "allow" },
        { "POST", "https://api.exa.ai", "POST", false, "allow" },
        { "a method that nobody knows", "https://api.exa.ai", "PROPFIND", false, "allow" },
        { "OPTIONS", "https://api.exa.ai", "OPTIONS", false, "deny MethodNotPayable by -" },
        { "TRACE", "https://api.exa.ai", "TRACE", false, "deny MethodNotPayable by -" },
        { "CONNECT", "https://api.exa.ai", "CONNECT", false, "deny MethodNotPayable by -" },
        { "options in lower case", "https://api.exa.ai", "options", false, "deny MethodNotPayable by -" },
        { "HEAD", "https://api.exa.ai", "HEAD", false, "deny MethodNotPayable by merchants.exa.payHead" },
        { "HEAD where the merchant says so", "https://x.papers.example", "HEAD", false, "allow" },
        { "HEAD without a merchant", "https://other.example", "HEAD", false, "deny MethodNotPayable by -" },
        { "an upgrade", "https://api.exa.ai", "GET", true, "deny MethodNotPayable by merchants.exa.payUpgrades" },
        { "an upgrade where the merchant says so", "https://lan.example", "GET", true, "allow" },
        { "an upgrade without a merchant", "https://other.example", "GET", true, "deny MethodNotPayable by -" },
    };

    [Theory, MemberData(nameof(Methods))]
    public void Methods_are_paid_only_where_that_is_meant(string note, string url, string method, bool upgrade, string verdict)
    {
        Assert.NotEmpty(note);
        Assert.StartsWith(verdict, Given.Words(Evaluator.Judge(Given.Question("me", url, method: method, upgrade: upgrade))), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string, ulong, string, string, string, string> Tokens => new()
    {
        { "the network and token of the file", "r-1", "https://api.exa.ai", 84532, TestTokens.Usdc.ToString(), "exact", "USDC/2", "allow 0.01" },
        { "a second network of the file", "r-1", "https://api.exa.ai", 11155111, TestTokens.Usdc.ToString(), "exact", "USDC/2", "allow 0.01" },
        { "a network that the file does not have", "r-1", "https://api.exa.ai", 8453, TestTokens.MainUsdc.ToString(), "exact", "USD Coin/2", "deny NetworkNotAllowed by networks base-sepolia, sepolia" },
        { "a network that the agent narrowed away", "me", "https://api.exa.ai", 11155111, TestTokens.Usdc.ToString(), "exact", "USDC/2", "deny NetworkNotAllowed by agents.me.networks base-sepolia" },
        { "a network that the merchant narrowed away", "r-1", "https://lan.example", 11155111, TestTokens.Usdc.ToString(), "exact", "USDC/2", "deny NetworkNotAllowed by merchants.lan.networks base-sepolia" },
        { "another scheme", "r-1", "https://api.exa.ai", 84532, TestTokens.Usdc.ToString(), "upto", "USDC/2", "deny SchemeNotAllowed by schemes exact" },
        { "a scheme in another case", "r-1", "https://api.exa.ai", 84532, TestTokens.Usdc.ToString(), "Exact", "USDC/2", "deny SchemeNotAllowed by schemes exact" },
        { "a euro token is valued by the registry", "r-1", "https://api.exa.ai", 84532, TestTokens.Eurc.ToString(), "exact", "EURC/2", "allow 0.011" },
        { "a token that the agent narrowed away", "me", "https://api.exa.ai", 84532, TestTokens.Eurc.ToString(), "exact", "EURC/2", "deny AssetNotAllowed by agents.me.assets USDC" },
        { "a contract that calls itself USDC", "r-1", "https://api.exa.ai", 84532, Given.Stranger, "exact", "USDC/2", "deny AssetNotAllowed by assets EURC, USDC" },
        { "the token of another network", "r-1", "https://api.exa.ai", 84532, TestTokens.MainUsdc.ToString(), "exact", "USD Coin/2", "deny AssetNotAllowed by assets EURC, USDC" },
        { "another domain name", "r-1", "https://api.exa.ai", 84532, TestTokens.Usdc.ToString(), "exact", "USD Coin/2", "deny AssetDomainMismatch by assets EURC, USDC" },
        { "another domain version", "r-1", "https://api.exa.ai", 84532, TestTokens.Usdc.ToString(), "exact", "USDC/1", "deny AssetDomainMismatch by assets EURC, USDC" },
    };

    [Theory, MemberData(nameof(Tokens))]
    [Trait("invariant", "I6")]
    [Trait("invariant", "I8")]
    public void Networks_schemes_and_tokens_are_those_of_the_operator(string note, string agent, string url, ulong network, string asset, string scheme, string domain, string verdict)
    {
        Assert.NotEmpty(note);
        var question = Given.Question(agent, url, network: new ChainId(network), asset: EvmAddress.Parse(asset), scheme: scheme, domain: domain);
        Assert.StartsWith(verdict, Given.Words(Evaluator.Judge(question)), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string, string, string?, string> Amounts => new()
    {
        { "nothing", "r-1", "https://api.exa.ai", "0", null, "deny AmountOutOfRange by -" },
        { "less than nothing", "r-1", "https://api.exa.ai", "-1", null, "deny AmountOutOfRange by -" },
        { "2^128 − 1 is a number, and too much", "r-1", "https://api.exa.ai", "340282366920938463463374607431768211455", null, "deny AmountOverPaymentLimit by policies.research.limits.payment" },
        { "2^128 is out of range", "r-1", "https://api.exa.ai", "340282366920938463463374607431768211456", null, "deny AmountOutOfRange by -" },
        { "2^256 − 1 is out of range", "r-1", "https://api.exa.ai", "115792089237316195423570985008687907853269984665640564039457584007913129639935", null, "deny AmountOutOfRange by -" },
        { "one unit", "r-1", "https://api.exa.ai", "1", null, "allow 0.000001" },
        { "at the policy's limit", "r-1", "https://api.exa.ai", "500000", null, "allow 0.50" },
        { "one unit over", "r-1", "https://api.exa.ai", "500001", null, "deny AmountOverPaymentLimit by policies.research.limits.payment" },
        { "the agent's limit replaces its policy's", "r-12", "https://api.exa.ai", "800000", null, "allow 0.80" },
        { "one unit over the agent's", "r-12", "https://api.exa.ai", "800001", null, "deny AmountOverPaymentLimit by agents.r-12.limits.payment" },
        { "the merchant's limit is lower", "r-12", "https://x.papers.example", "100001", null, "deny AmountOverPaymentLimit by merchants.papers.limits.payment" },
        { "the organization's limit without another", "me", "https://other.example", "5000001", null, "deny AmountOverPaymentLimit by organization.limits.payment" },
        { "at the organization's limit", "me", "https://other.example", "5000000", null, "allow 5.00" },
        { "a limit within a merchant", "me", "https://api.exa.ai", "20001", null, "deny AmountOverPaymentLimit by agents.me.limits.in.exa.payment" },
        { "at the agent's own ceiling", "me", "https://other.example", "10000", "0.01", "allow 0.01" },
        { "over the agent's own ceiling", "me", "https://other.example", "10001", "0.01", "deny AmountOverMaxPrice by Smart-Proxy-Max-Price" },
        { "a high ceiling lifts nothing", "r-1", "https://api.exa.ai", "500001", "100.00", "deny AmountOverPaymentLimit by policies.research.limits.payment" },
    };

    [Theory, MemberData(nameof(Amounts))]
    public void Amounts_meet_the_lowest_limit_on_a_payment(string note, string agent, string url, string price, string? maxPrice, string verdict)
    {
        Assert.NotEmpty(note);
        Assert.StartsWith(verdict, Given.Words(Evaluator.Judge(Given.Question(agent, url, price, maxPrice: maxPrice))), StringComparison.Ordinal);
    }

    [Fact]
    public void Refusals_follow_the_order_of_the_reasons()
    {
        // Everything is wrong at once; repairing one thing after another walks through the reasons in their order.
        const string policy = """
            { "networks": ["base-sepolia"],
              "merchants": { "m": { "hosts": ["shop.example", "free.example"], "recipients": ["0x1111111111111111111111111111111111111111"] } },
              "agents": { "a": { "allow": ["*.none.example"], "deny": ["0x2222222222222222222222222222222222222222"] },
                          "b": { "allow": ["m"], "schedule": "mon-fri 12:00-12:01", "limits": { "payment": "0.01" } } } }
            """;
        var evaluator = new PolicyEvaluator(Given.Policy(policy));
        var wrong = Given.Question("stranger", "http://shop.example", "0", Given.Stranger, "TRACE", true, TestTokens.Base, TestTokens.MainUsdc, "upto", "X/1", "0.001") with { At = Given.Noon.AddMinutes(-1) };
        var (agent, method, network, scheme, asset, domain, payTo, amount) = (wrong, "GET", TestTokens.Sepolia, "exact", TestTokens.Usdc, "USDC", EvmAddress.Parse(Given.Seller), 1);

        var steps = new List<PaymentQuestion> { wrong };
        Add(q => q with { Agent = new AgentId("a") });
        Add(q => q with { Offer = q.Offer with { PayTo = EvmAddress.Parse("0x3333333333333333333333333333333333333333") } });
        Add(q => q with { Agent = new AgentId("b") });
        Add(q => q with { At = Given.Noon });
        Add(q => q with { Origin = q.Origin with { IsHttps = true, Port = 443 } });
        Add(q => q with { Method = method, IsUpgrade = false });
        Add(q => q with { Offer = q.Offer with { Network = network } });
        Add(q => q with { Offer = q.Offer with { Scheme = scheme } });
        Add(q => q with { Offer = q.Offer with { Asset = asset } });
        Add(q => q with { Offer = q.Offer with { DomainName = domain, DomainVersion = "2" } });
        Add(q => q with { Offer = q.Offer with { PayTo = payTo } });
        Add(q => q with { Offer = q.Offer with { Amount = 10_001 * amount } });
        Add(q => q with { Offer = q.Offer with { Amount = 10_000 } });
        Add(q => q with { MaxPrice = null });

        var reasons = steps.Select(evaluator.Judge).OfType<Verdict.Denied>().Select(d => d.Reason);
        Assert.Equal(Enum.GetValues<DenyReason>().Where(r => r != DenyReason.NoPolicy), reasons);
        Assert.IsType<Verdict.Allowed>(evaluator.Judge(steps[^1]));

        void Add(Func<PaymentQuestion, PaymentQuestion> repair) => steps.Add(repair(steps[^1]));
    }

    [Fact]
    public void Every_refusal_says_what_would_pass()
    {
        foreach (var row in Hosts)
        {
            var (_, agent, url, payTo, _) = row.Data;
            if (Evaluator.Judge(Given.Question(agent, url, payTo: payTo)) is Verdict.Denied denied)
            {
                Assert.False(string.IsNullOrWhiteSpace(denied.WouldPass), denied.ToString());
                Assert.False(string.IsNullOrWhiteSpace(denied.Rule));
            }
        }

        var tooMuch = Assert.IsType<Verdict.Denied>(Evaluator.Judge(Given.Question("r-1", price: "500001")));
        Assert.Equal("a price of at most 0.50 USD", tooMuch.WouldPass);
        Assert.Equal("0.50", tooMuch.Limit.ToString());
        Assert.Equal("0.500001", tooMuch.Value.ToString());
    }

    [Fact]
    public void An_allowed_payment_carries_the_facts_of_the_operator()
    {
        var question = Given.Question("r-12", "https://api.exa.ai");

        var allowed = Assert.IsType<Verdict.Allowed>(Evaluator.Judge(question));

        Assert.Same(question.Offer, allowed.Offer);
        Assert.Equal(new PaymentFacts(question.Agent, "lab", "research", question.Origin, "exa", "search", TestTokens.Sepolia, TestTokens.Usdc, question.Offer.PayTo, new Usd(10_000)) { Method = "GET", Path = "/search" }, allowed.Facts);
        Assert.Equal(RecipientRule.Listed, allowed.Recipient);
        Assert.Equal(120, allowed.ValidSeconds);
        Assert.Equal("main", allowed.Wallet);
        Assert.Equal(RecipientRule.Pin, Assert.IsType<Verdict.Allowed>(Evaluator.Judge(Given.Question("me", "https://other.example"))).Recipient);
        Assert.Equal(RecipientRule.Any, Assert.IsType<Verdict.Allowed>(Evaluator.Judge(Given.Question("me", "https://lan.example"))).Recipient);
    }

    [Theory]
    [InlineData("", "", 120)]
    [InlineData("\"validSeconds\": 300,", "", 300)]
    [InlineData("", ", \"validSeconds\": 300", 300)]
    [InlineData("\"validSeconds\": 30,", ", \"validSeconds\": 300", 30)]
    [InlineData("\"validSeconds\": 300,", ", \"validSeconds\": 30", 30)]
    [Trait("invariant", "I7")]
    public void The_shorter_validity_wins(string agent, string merchant, int expected)
    {
        var policy = Given.Policy($$"""
            { "networks": ["base-sepolia"], "merchants": { "exa": { "hosts": "api.exa.ai"{{merchant}} } }, "agents": { "me": { {{agent}} "allow": ["*"] } } }
            """);

        Assert.Equal(expected, Assert.IsType<Verdict.Allowed>(new PolicyEvaluator(policy).Judge(Given.Question())).ValidSeconds);
    }

    [Fact]
    public void Without_pins_only_listed_recipients_are_paid()
    {
        var policy = Given.Policy("""{ "networks": ["base-sepolia"], "pins": false, "agents": { "me": { "allow": ["*"] } } }""");

        Assert.Equal("deny RecipientNotAllowed by agents.me.recipients", Given.Words(new PolicyEvaluator(policy).Judge(Given.Question())));
    }

    [Fact]
    public void Tags_go_from_the_general_to_the_particular()
    {
        var policy = Given.Policy("""
            { "networks": ["base-sepolia"],
              "merchants": { "exa": { "hosts": "api.exa.ai", "tags": { "a": "merchant", "b": "merchant" } } },
              "groups": { "lab": { "tags": { "b": "group", "c": "group" } } },
              "policies": { "p": { "group": "lab", "tags": { "c": "policy", "d": "policy" } } },
              "agents": { "me": { "policy": "p", "allow": ["*"], "tags": { "d": "agent" } } } }
            """);

        var tags = Assert.IsType<Verdict.Allowed>(new PolicyEvaluator(policy).Judge(Given.Question())).Tags;

        Assert.Equal("a=merchant b=group c=policy d=agent", string.Join(' ', tags.OrderBy(t => t.Key).Select(t => $"{t.Key}={t.Value}")));
    }
}
