using System.Numerics;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>
/// Judges offers under one policy. Pure: no clock, no budget, no memory. The refusals stand in the order of <see cref="DenyReason"/>, which is the
/// order of precedence: who, where, when, how, with what, to whom, how much.
/// </summary>
public sealed class PolicyEvaluator(PolicySet policy)
{
    /// <summary>How long a signature lives where neither merchant nor policy says, in seconds.</summary>
    public const int DefaultValidSeconds = 120;

    /// <summary>The words of a refusal that no rule made.</summary>
    internal const string Nothing = "-";

    private static readonly BigInteger MaxAmount = (BigInteger)UInt128.MaxValue;

    public Verdict Judge(PaymentQuestion question)
    {
        var (offer, origin, trace) = (question.Offer, question.Origin, new Trace());
        if (policy.Agents.Find(question.Agent) is not { } agent)
        {
            return Deny(DenyReason.UnknownAgent, Nothing, $"an entry for `{question.Agent}` in the policy's `agents`", "agents", "no entry");
        }

        trace.Allows(agent.Words, agent.PolicyText);
        var site = policy.Hosts.Locate(origin);
        var path = RequestPath.Of(question.Path);
        if (FindDeny(agent.Deny, site, question, path) is { } denied)
        {
            return Deny(DenyReason.Denied, denied.Words, "nothing: a deny stands above every allow", denied.Path, denied.Text);
        }

        if (agent.Deny.Texts.Count > 0)
        {
            trace.Allows(agent.DenyWords, "nothing in it matches");
        }

        if ((agent.Allow.Match(site) ?? agent.Allow.MatchEveryReading(site, question.Method, path)) is not { } allowed)
        {
            return Deny(DenyReason.MerchantNotAllowed, Nothing, $"{PlaceText(agent.Allow, site, origin)} in {agent.AllowWords}", agent.AllowWords, "nothing in it matches");
        }

        trace.Allows(allowed.Path, allowed.Text);
        if (agent.Schedule is { } schedule)
        {
            if (!schedule.IsOpen(question.At))
            {
                return Deny(DenyReason.OutsideSchedule, schedule.Words, $"a request in the hours {schedule.Text}", schedule.Words, schedule.Text) with { OpensAt = schedule.OpensAt(question.At) };
            }

            trace.Allows(schedule.Words, schedule.Text);
        }

        var merchant = site.Merchant;
        if (!origin.IsHttps && merchant?.AllowCleartext != true)
        {
            var words = MethodRule.Words(merchant, "allowCleartext");
            return Deny(DenyReason.CleartextNotAllowed, words, "the same request over `https://`", words, "http");
        }

        if (MethodRule.Problem(question, merchant) is { } method)
        {
            return Deny(DenyReason.MethodNotPayable, method.Rule, method.WouldPass, method.Rule, "the method");
        }

        if ((agent.Networks.Contains(offer.Network) ? Excluding(merchant, offer.Network) : agent.Networks) is { } networks)
        {
            return Deny(DenyReason.NetworkNotAllowed, networks.ToString(), $"an offer on {networks.Text}", networks.Words, networks.Text);
        }

        trace.Allows(agent.Networks.Words, agent.Networks.Text);
        if (!agent.Schemes.Contains(offer.Scheme))
        {
            return Deny(DenyReason.SchemeNotAllowed, agent.Schemes.ToString(), $"an offer with scheme {agent.Schemes.Text}", agent.Schemes.Words, agent.Schemes.Text);
        }

        trace.Allows(agent.Schemes.Words, agent.Schemes.Text);
        if (!policy.Registry.TryFind(offer.Network, offer.Asset, out var asset) || !agent.Assets.Contains(asset.Symbol))
        {
            var found = asset is null ? $"`{offer.Asset}`, which the asset registry does not have on {NetworkNames.ShortNameOf(offer.Network)}" : $"`{asset.Symbol}`";
            return Deny(DenyReason.AssetNotAllowed, agent.Assets.ToString(), $"an offer in {agent.Assets.Text}, by the address that the asset registry has, instead of {found}", agent.Assets.Words, agent.Assets.Text);
        }

        if (offer.DomainName != asset.DomainName || offer.DomainVersion != asset.DomainVersion)
        {
            return Deny(DenyReason.AssetDomainMismatch, agent.Assets.ToString(), $"an offer whose `extra` says `{asset.DomainName}` version `{asset.DomainVersion}`", agent.Assets.Words, asset.Symbol);
        }

        trace.Allows(agent.Assets.Words, asset.Symbol);
        var recipients = merchant?.Recipients ?? agent.Recipients;
        if (!Accepts(recipients, offer.PayTo))
        {
            return Deny(DenyReason.RecipientNotAllowed, recipients.Words, recipients.Listed.Count == 0 ? $"a recipient in {recipients.Words}" : $"a recipient that {recipients.Words} lists", recipients.Words, recipients.Text);
        }

        trace.Allows(recipients.Words, recipients.Text);
        if (offer.Amount <= BigInteger.Zero || offer.Amount > MaxAmount)
        {
            return Deny(DenyReason.AmountOutOfRange, Nothing, "a price of at least one unit and less than 2^128 units", Nothing, "the price");
        }

        var amount = new TokenAmount((UInt128)offer.Amount);
        var value = asset.ToUsd(amount);
        var pots = new Pots(policy, question.Agent, agent, merchant);
        var purchase = new Purchase(site, question.Method, path, asset, offer.PayTo);
        if (pots.LowestPayment(purchase) is { } payment)
        {
            if (value.Micros > payment.Limit.Units)
            {
                return Deny(DenyReason.AmountOverPaymentLimit, payment.Id, $"a price of at most {payment.Limit} USD", payment.Id, payment.Text) with { Limit = new Usd(payment.Limit.Units) };
            }

            trace.Limits(payment.Id, payment.Text);
        }

        if (question.MaxPrice is { } ceiling && value > ceiling)
        {
            return Deny(DenyReason.AmountOverMaxPrice, "Smart-Proxy-Max-Price", $"a price of at most {ceiling} USD, or a higher Smart-Proxy-Max-Price", "Smart-Proxy-Max-Price", $"at most {ceiling} USD") with { Limit = ceiling };
        }

        var guards = agent.Guards.For(value, origin, merchant, policy.Scopes);
        trace.Add(guards, agent.Guards);
        return new Verdict.Allowed(
            offer,
            asset,
            amount,
            new PaymentFacts(question.Agent, agent.Group, agent.Policy, origin, merchant?.Name, site.Category, offer.Network, offer.Asset, offer.PayTo, value) { Method = question.Method, Path = question.Path },
            pots.Lines(purchase),
            recipients.Rule,
            ValidSeconds(agent, merchant),
            agent.Wallet,
            Tags(agent, merchant),
            allowed.Words)
        {
            Guards = guards,
            Trace = trace.Steps,
        };

        Verdict.Denied Deny(DenyReason reason, string rule, string wouldPass, string place, string detail)
        {
            trace.Refuses(place, detail);
            return new Verdict.Denied(offer, reason, rule, ValueOf(offer), WouldPass: wouldPass) { Trace = trace.Steps };
        }
    }

    // TLS on port 80, or http on 443, is the same host on another port. For allow that is another place; no deny is escaped by it.
    private Written? FindDeny(SelectorSet deny, in Site site, PaymentQuestion question, RequestPath path)
    {
        var either = policy.Hosts.Locate(Target.OfTunnel(question.Origin.Host, question.Origin.Port));
        return deny.Match(site) ?? deny.Match(either)
            ?? deny.MatchAnyReading(site, question.Method, path) ?? deny.MatchAnyReading(either, question.Method, path)
            ?? deny.MatchRecipient(question.Offer.PayTo);
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

    private static string PlaceText(SelectorSet allow, in Site site, Origin origin) => allow.HasEndpoint(site)
        ? $"an endpoint of `{site.Merchant!.Name}` that every reading of this path fits"
        : $"`{new HostPattern(origin.Host, Below: false, origin.HasDefaultPort ? null : origin.Port)}`";
}
