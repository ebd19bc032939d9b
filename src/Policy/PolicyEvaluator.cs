using System.Numerics;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>
/// Judges offers under one policy. Pure: no clock, no budget, no memory. The refusals stand in the order of <see cref="DenyReason"/>, which is the
/// order of precedence: who, where, how, with what, to whom, how much.
/// </summary>
public sealed class PolicyEvaluator(PolicySet policy)
{
    /// <summary>How long a signature lives where neither merchant nor policy says, in seconds.</summary>
    public const int DefaultValidSeconds = 120;

    private const string Nothing = "-";

    public Verdict Judge(PaymentQuestion question)
    {
        var (offer, origin) = (question.Offer, question.Origin);
        if (policy.Agents.Find(question.Agent) is not { } agent)
        {
            return Deny(DenyReason.UnknownAgent, Nothing, $"an entry for `{question.Agent}` in the policy's `agents`");
        }

        var site = policy.Hosts.Locate(origin);
        if ((agent.Deny.Match(site) ?? agent.Deny.Match(EitherDefault(origin)) ?? agent.Deny.MatchRecipient(offer.PayTo)) is { } denied)
        {
            return Deny(DenyReason.Denied, denied, "nothing: a deny stands above every allow");
        }

        if (agent.Allow.Match(site) is not { } allowed)
        {
            return Deny(DenyReason.MerchantNotAllowed, Nothing, $"`{HostText(origin)}` in {agent.AllowWords}");
        }

        var merchant = site.Merchant;
        if (!origin.IsHttps && merchant?.AllowCleartext != true)
        {
            return Deny(DenyReason.CleartextNotAllowed, Words(merchant, "allowCleartext"), "the same request over `https://`");
        }

        if (MethodProblem(question, merchant) is { } method)
        {
            return Deny(DenyReason.MethodNotPayable, method.Rule, method.WouldPass);
        }

        if ((agent.Networks.Contains(offer.Network) ? Excluding(merchant, offer.Network) : agent.Networks) is { } networks)
        {
            return Deny(DenyReason.NetworkNotAllowed, networks.ToString(), $"an offer on {networks.Text}");
        }

        if (!agent.Schemes.Contains(offer.Scheme))
        {
            return Deny(DenyReason.SchemeNotAllowed, agent.Schemes.ToString(), $"an offer with scheme {agent.Schemes.Text}");
        }

        if (!policy.Registry.TryFind(offer.Network, offer.Asset, out var asset) || !agent.Assets.Contains(asset.Symbol))
        {
            return Deny(DenyReason.AssetNotAllowed, agent.Assets.ToString(), $"an offer in {agent.Assets.Text}, by the address that the asset registry has");
        }

        if (offer.DomainName != asset.DomainName || offer.DomainVersion != asset.DomainVersion)
        {
            return Deny(DenyReason.AssetDomainMismatch, agent.Assets.ToString(), $"an offer whose `extra` says `{asset.DomainName}` version `{asset.DomainVersion}`");
        }

        var recipients = merchant?.Recipients ?? agent.Recipients;
        if (!Accepts(recipients, offer.PayTo))
        {
            return Deny(DenyReason.RecipientNotAllowed, recipients.Words, recipients.Listed.Count == 0 ? $"a recipient in {recipients.Words}" : $"a recipient that {recipients.Words} lists");
        }

        if (offer.Amount <= BigInteger.Zero || offer.Amount > MaxAmount)
        {
            return Deny(DenyReason.AmountOutOfRange, Nothing, "a price of at least one unit and less than 2^128 units");
        }

        var amount = new TokenAmount((UInt128)offer.Amount);
        var value = asset.ToUsd(amount);
        var pots = new Pots(policy, question.Agent, agent, merchant);
        if (pots.LowestPayment(site) is { } payment && value.Micros > payment.Limit.Units)
        {
            return new Verdict.Denied(offer, DenyReason.AmountOverPaymentLimit, payment.Id, value, new Usd(payment.Limit.Units), $"a price of at most {payment.Limit} USD");
        }

        if (question.MaxPrice is { } ceiling && value > ceiling)
        {
            return new Verdict.Denied(offer, DenyReason.AmountOverMaxPrice, "Smart-Proxy-Max-Price", value, ceiling, $"a price of at most {ceiling} USD, or a higher Smart-Proxy-Max-Price");
        }

        return new Verdict.Allowed(
            offer,
            asset,
            amount,
            new PaymentFacts(question.Agent, agent.Group, agent.Policy, origin, merchant?.Name, site.Category, offer.Network, offer.Asset, offer.PayTo, value) { Method = question.Method, Path = question.Path },
            pots.Lines(site),
            recipients.Rule,
            ValidSeconds(agent, merchant),
            agent.Wallet,
            Tags(agent, merchant),
            allowed);

        Verdict.Denied Deny(DenyReason reason, string rule, string wouldPass) => new(offer, reason, rule, ValueOf(offer), WouldPass: wouldPass);
    }

    private static readonly BigInteger MaxAmount = (BigInteger)UInt128.MaxValue;

    // TLS on port 80, or http on 443, is the same host on another port. For allow that is another place; no deny is escaped by it.
    private Site EitherDefault(Origin origin) => policy.Hosts.Locate(Target.OfTunnel(origin.Host, origin.Port));

    private static (string Rule, string WouldPass)? MethodProblem(PaymentQuestion question, MerchantRule? merchant)
    {
        if (question.Method is var method && (Is("OPTIONS") || Is("TRACE") || Is("CONNECT")))
        {
            return (Nothing, $"another method: {Document.Node.Show(method)} is never paid");
        }

        if (Is("HEAD") && merchant?.PayHead != true)
        {
            return (Words(merchant, "payHead"), "GET, or `payHead` at the merchant");
        }

        return question.IsUpgrade && merchant?.PayUpgrades != true
            ? (Words(merchant, "payUpgrades"), "a request without upgrade, or `payUpgrades` at the merchant")
            : null;

        bool Is(string word) => method.Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    // Where a merchant's own list shuts out a network that the agent may use.
    private static NamedSet<ChainId>? Excluding(MerchantRule? merchant, ChainId network) =>
        merchant?.Networks is { } narrower && !narrower.Contains(network) ? narrower : null;

    // Nobody holds the zero address: money sent there is burnt, whatever the rule says.
    private static bool Accepts(RecipientSet recipients, EvmAddress payTo) => payTo != EvmAddress.Zero && recipients.Rule switch
    {
        RecipientRule.Listed => recipients.Listed.Contains(payTo),
        RecipientRule.Pin or RecipientRule.Any => true,
    };

    private static int ValidSeconds(AgentRule agent, MerchantRule? merchant) => (agent.ValidSeconds, merchant?.ValidSeconds) switch
    {
        ({ } ours, { } theirs) => Math.Min(ours, theirs),
        var (ours, theirs) => ours ?? theirs ?? DefaultValidSeconds,
    };

    // An agent's tags are more particular than a merchant's.
    private static IReadOnlyDictionary<string, string> Tags(AgentRule agent, MerchantRule? merchant)
    {
        if (merchant is null || merchant.Tags.Count == 0)
        {
            return agent.Tags;
        }

        var tags = new Dictionary<string, string>(merchant.Tags, StringComparer.Ordinal);
        foreach (var (key, value) in agent.Tags)
        {
            tags[key] = value;
        }

        return tags;
    }

    private Usd? ValueOf(PaymentOffer offer) =>
        policy.Registry.TryFind(offer.Network, offer.Asset, out var asset) && offer.Amount >= BigInteger.Zero && offer.Amount <= MaxAmount
            ? asset.ToUsd(new TokenAmount((UInt128)offer.Amount))
            : null;

    private static string Words(MerchantRule? merchant, string key) => merchant is null ? Nothing : $"{merchant.Words}.{key}";

    private static string HostText(Origin origin) => new HostPattern(origin.Host, Below: false, origin.HasDefaultPort ? null : origin.Port).ToString();

    /// <summary>The four owners whose limits a payment can meet.</summary>
    private readonly struct Pots(PolicySet policy, AgentId id, AgentRule agent, MerchantRule? merchant)
    {
        private readonly Pot _agent = policy.AgentPot(id, agent);
        private readonly Pot? _group = policy.GroupPot(agent);
        private readonly Pot? _merchant = policy.MerchantPot(merchant);
        private readonly Pot _organization = policy.OrganizationPot;

        public LimitRule? LowestPayment(in Site site)
        {
            var lowest = _agent.LowestPayment(site, null);
            lowest = _group is null ? lowest : _group.LowestPayment(site, lowest);
            lowest = _merchant is null ? lowest : _merchant.LowestPayment(site, lowest);
            return _organization.LowestPayment(site, lowest);
        }

        public List<BudgetLine> Lines(in Site site)
        {
            var lines = new List<BudgetLine>(32);
            _agent.AddLines(site, lines);
            _group?.AddLines(site, lines);
            _merchant?.AddLines(site, lines);
            _organization.AddLines(site, lines);
            return lines;
        }
    }
}
