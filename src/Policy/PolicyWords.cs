using SmartProxy.Policy.Document;
using SmartProxy.Policy.Rules;
using SmartProxy.Policy.Words;
using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>An agent's effective rules, in words.</summary>
/// <param name="Agent">Its name or pattern.</param>
/// <param name="Sentences">One fact each, the money first.</param>
public sealed record AgentWords(string Agent, IReadOnlyList<string> Sentences);

/// <summary>Says what a policy means, so that a factor of ten is seen before it is spent.</summary>
public static class PolicyWords
{
    /// <summary>Every entry of <c>agents</c>, in the order of the file.</summary>
    public static IReadOnlyList<AgentWords> Of(PolicySet policy) =>
        [.. policy.Agents.Rules.Select(agent => new AgentWords(agent.Pattern.ToString(), Sentences(policy, agent)))];

    private static List<string> Sentences(PolicySet policy, AgentRule agent)
    {
        if (agent.Allow.Texts.Count == 0)
        {
            return ["may pay nothing: `allow` is empty"];
        }

        var group = policy.Groups.FirstOrDefault(g => g.Name == agent.Group).Limits ?? LimitSet.None;
        var sentences = new List<string>
        {
            Money(agent, group, policy.OrganizationLimits),
            $"may pay {Places(agent.Allow)} on {agent.Networks.Text} with {agent.Assets.Text}",
        };
        AddGuards(sentences, agent);
        AddLimits(sentences, "narrower", agent.Limits with { Own = [] });
        AddLimits(sentences, $"shared with everyone in group {agent.Group}", group);
        AddLimits(sentences, "shared with everyone", policy.OrganizationLimits);
        if (agent.Deny.Texts.Count > 0)
        {
            sentences.Add($"never pays {string.Join(", ", agent.Deny.Texts)}");
        }

        sentences.Add(Recipients(agent.Recipients));
        sentences.Add(Tunnels(agent));
        sentences.AddRange(WebSockets(agent.WebSockets) is { } words ? [words] : []);
        return sentences;
    }

    // The most that can be spent: its own windows first, for shared pots may already be empty.
    private static string Money(AgentRule agent, LimitSet group, LimitSet organization)
    {
        var dollars = agent.Limits.Own.Where(IsDollars).ToList();
        var own = dollars.Select(Limit).ToList();
        if (dollars.Any(l => l.Window is not null))
        {
            return $"spends at most {string.Join(", ", own)}";
        }

        var shared = group.Own.Concat(organization.Own).Where(l => l.Window is not null && IsDollars(l)).Select(Limit).ToList();
        var payment = own.Count == 0 ? "" : $"at most {own[0]}, and ";
        return shared.Count == 0
            ? $"spends {payment}without any limit over time: set `limits.day` or `limits.total`"
            : $"spends {payment}up to what it shares: {string.Join(", ", shared)}";
    }

    private static void AddGuards(List<string> sentences, AgentRule agent)
    {
        var counts = agent.Limits.Own.Where(l => !IsDollars(l)).Select(Limit).ToList();
        var guards = agent.Guards;
        string?[] words =
        [
            counts.Count == 0 ? null : $"pays at most {string.Join(", ", counts)}",
            agent.Schedule is { } schedule ? $"pays only {schedule.Text}" : null,
            guards.Approval is null ? null : $"asks a person for {RuleWords.Of(guards.Approval)}",
            guards.PriceDrift is null ? null : $"refuses a price more than {RuleWords.Of(guards.PriceDrift)} above the last one at the same endpoint",
            guards.Loop is { } loop ? $"pays for one and the same request at most {new Quantity(SpendMeasure.Payments, (UInt128)loop.Times).ToWords()} in any {RuleWords.Of(loop.Within)}" : null,
            guards.Breaker is { } breaker ? $"stops for {RuleWords.Of(breaker.Pause)} after {new Quantity(SpendMeasure.Payments, (UInt128)breaker.Failures).ToWords()} without delivery" : null,
        ];
        sentences.AddRange(words.OfType<string>());
    }

    private static bool IsDollars(LimitRule limit) => limit.Limit.Measure == SpendMeasure.Dollars;

    private static string Limit(LimitRule limit) => $"{limit.Limit.ToWords()} {Per(limit.Key)}";

    private static string Per(string key) => key switch
    {
        "payment" => "per payment",
        "total" => "in total",
        "concurrent" => "at once",
        "day" or "week" or "month" or "quarter" or "year" => $"per {key}",
        _ when key.StartsWith("payments.", StringComparison.Ordinal) => Per(key["payments.".Length..]),
        var duration => $"in any {duration}",
    };

    private static void AddLimits(List<string> sentences, string what, LimitSet limits)
    {
        var words = PolicyOutline.Limits(limits).Select(a => a.Name.StartsWith("payments.", StringComparison.Ordinal) ? $"{a.Name} {a.Value}" : $"{a.Name} {a.Value} USD").ToList();
        if (words.Count > 0)
        {
            sentences.Add($"{what}: {string.Join(", ", words)}");
        }
    }

    private static string Places(SelectorSet allow) =>
        allow.Texts.Contains("*") ? "every host" : string.Join(", ", allow.Texts);

    private static string Recipients(RecipientSet recipients) => recipients.Rule switch
    {
        RecipientRule.Pin => "at hosts without a merchant, the first recipient seen is pinned",
        RecipientRule.Any => "at hosts without a merchant, any recipient is paid",
        RecipientRule.Listed => $"at hosts without a merchant, pays only {recipients.Text}",
    };

    private static string Tunnels(AgentRule agent) => (agent.Egress, agent.Intercept) switch
    {
        (EgressRule.ListedOnly, _) => "reaches only hosts that it may pay; these are decrypted",
        (EgressRule.Any, InterceptRule.All) => "reaches every host; all are decrypted",
        (EgressRule.Any, InterceptRule.Payable) => "reaches every host; those that it may pay are decrypted",
    };

    private static string? WebSockets(WebSocketRule rule) => rule switch
    {
        WebSocketRule.Any => null,
        WebSocketRule.Listed => "opens WebSockets only at hosts that it may pay, where they can be seen",
        WebSocketRule.None => "opens no WebSockets where they can be seen",
    };
}
