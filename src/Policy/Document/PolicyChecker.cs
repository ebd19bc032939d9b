using System.Globalization;
using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>What can only be judged with the whole file in view: references, overlaps, what narrows what.</summary>
internal sealed class PolicyChecker(PolicyDocument file, AssetRegistry registry, ProblemList problems)
{
    private const int MaxAgentPatterns = 1000;

    private readonly HashSet<string> _merchants = [.. file.Merchants.Select(m => m.Name)];
    private readonly HashSet<string> _categories = [.. file.Categories.Select(c => c.Name), .. file.Merchants.Where(m => m.Category is not null).Select(m => m.Category!.Value.Value)];
    private readonly HashSet<string> _groups = [.. file.Groups.Select(g => g.Name)];
    private readonly HashSet<string> _policies = [.. file.Policies.Select(p => p.Name)];

    public void Check()
    {
        CheckNetworks();
        CheckAssets();
        CheckMerchants();
        CheckCategories();
        CheckLimits(file.Organization?.Limits);
        foreach (var group in file.Groups)
        {
            CheckLimits(group.Limits);
        }

        foreach (var policy in file.Policies)
        {
            CheckMembers(policy.Members);
        }

        CheckAgents();
    }

    private void CheckNetworks()
    {
        var networks = file.Networks ?? [];
        var main = networks.Where(n => !registry.IsTestNetwork(n.Value)).ToList();
        foreach (var test in networks.Where(n => main.Count > 0 && registry.IsTestNetwork(n.Value)))
        {
            problems.Add(test.At, $"expected only test or only main networks, found `{NetworkNames.ShortNameOf(test.Value)}` beside `{NetworkNames.ShortNameOf(main[0].Value)}`: keep two files and two data folders");
        }
    }

    private void CheckAssets()
    {
        foreach (var (symbol, at) in file.Assets ?? [])
        {
            var known = registry.Assets.Where(a => file.Networks is null || file.Networks.Any(n => n.Value == a.Chain)).Select(a => a.Symbol).Distinct().ToList();
            if (!known.Contains(symbol))
            {
                var list = known.Count == 0 ? "none" : string.Join(", ", known.Order(StringComparer.Ordinal).Select(k => $"`{k}`"));
                problems.Add(at, $"expected a token that the asset registry has on these networks ({list}), found `\"{Node.Show(symbol)}\"`{Suggestion.For(symbol, known)}");
            }
        }
    }

    private void CheckMerchants()
    {
        var places = file.Merchants.ToDictionary(m => m.Name, m => m);
        foreach (var merchant in file.Merchants)
        {
            CheckNarrower(merchant.Networks, file.Networks, "networks", NetworkNames.ShortNameOf);
            CheckRecipients(merchant.Recipients);
        }

        var index = new HostIndex<string>(file.Merchants.SelectMany(m => m.Hosts.Select(h => (h.Value, m.Name))));
        var seen = new HashSet<(string, string)>();
        foreach (var (first, firstHost, second, secondHost) in index.Overlaps((a, b) => a != b))
        {
            // The later one in the file is told, once.
            var swap = places[second].At.IsBefore(places[first].At);
            var (earlier, earlierHost, later, laterHost) = swap ? (second, secondHost, first, firstHost) : (first, firstHost, second, secondHost);
            if (seen.Add((earlier + ' ' + earlierHost, later + ' ' + laterHost)))
            {
                var at = places[later].Hosts.First(h => h.Value == laterHost).At;
                problems.Add(at, $"expected every host under one merchant, found `{laterHost}`, which overlaps `{earlierHost}` of `{earlier}`: remove one");
            }
        }
    }

    private void CheckCategories()
    {
        var merchants = file.Merchants.Where(m => m.Category is not null).SelectMany(m => m.Hosts.Select(h => (h.Value, new Claim(m.Category!.Value.Value, $"merchants.{m.Name}", h.At))));
        var categories = file.Categories.SelectMany(c => c.Hosts.Select(h => (h.Value, new Claim(c.Name, $"categories.{c.Name}", h.At))));
        var index = new HostIndex<Claim>(merchants.Concat(categories));
        var told = new HashSet<Place>();
        foreach (var (first, firstHost, second, secondHost) in index.Overlaps((a, b) => a.Category != b.Category))
        {
            var swap = second.At.IsBefore(first.At);
            var (earlier, earlierHost, later, laterHost) = swap ? (second, secondHost, first, firstHost) : (first, firstHost, second, secondHost);
            var betweenMerchants = earlier.Owner.StartsWith('m') && later.Owner.StartsWith('m');
            if (!betweenMerchants && told.Add(later.At))
            {
                problems.Add(later.At, $"expected one category for every host, found `{laterHost}` in `{later.Category}` overlapping `{earlierHost}` of {earlier.Owner} in `{earlier.Category}`: remove one");
            }
        }
    }

    private void CheckAgents()
    {
        var hashes = new Dictionary<Bytes32, AgentEntry>();
        foreach (var agent in file.Agents)
        {
            CheckReference(agent.Policy, _policies, "a policy of this file");
            CheckMembers(agent.Members);
            foreach (var (hash, at) in agent.TokenHashes)
            {
                if (agent.Pattern.Kind != AgentPatternKind.Exact)
                {
                    problems.Add(at, $"expected tokens under an agent's full name, found one under the pattern `{agent.Pattern}`: give the agent an entry of its own");
                }
                else if (!hashes.TryAdd(hash, agent))
                {
                    problems.Add(at, $"expected every token under one agent, found a hash that `{hashes[hash].Pattern}` has too: make each agent its own token");
                }
            }
        }

        CheckPatterns([.. file.Agents.Where(a => a.Pattern.Kind != AgentPatternKind.Exact)]);
    }

    private void CheckPatterns(List<AgentEntry> patterns)
    {
        if (patterns.Count > MaxAgentPatterns)
        {
            problems.Add(patterns[MaxAgentPatterns].At, string.Create(CultureInfo.InvariantCulture, $"expected at most {MaxAgentPatterns} patterns, found `{patterns.Count}`"));
            return;
        }

        for (var i = 0; i < patterns.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (patterns[i].Pattern.Overlaps(patterns[j].Pattern))
                {
                    problems.Add(patterns[i].At, $"expected at most one pattern for any name, found `{patterns[i].Pattern}`, which can match the same name as `{patterns[j].Pattern}`: make one narrower");
                }
            }
        }
    }

    private void CheckMembers(RuleMembers rule)
    {
        CheckReference(rule.Group, _groups, "a group of this file");
        CheckNarrower(rule.Networks, file.Networks, "networks", NetworkNames.ShortNameOf);
        CheckNarrower(rule.Assets, file.Assets ?? [new Located<string>(PolicyCompiler.DefaultAsset, file.At)], "assets", static symbol => symbol);
        CheckNarrower(rule.Schemes, file.Schemes, "schemes", static scheme => scheme);
        CheckRecipients(rule.Recipients);
        CheckLimits(rule.Limits);
        foreach (var (selector, at) in rule.Allow ?? [])
        {
            CheckSelector(selector, at, "allows nothing");
            if (selector is Selector.Recipient)
            {
                problems.Add(at, $"expected a recipient only in `deny`, found `{selector}`: list who may be paid under `recipients`");
            }
        }

        foreach (var (selector, at) in rule.Deny ?? [])
        {
            CheckSelector(selector, at, "denies nothing");
        }
    }

    private void CheckLimits(LimitsEntry? limits)
    {
        foreach (var narrow in limits?.In ?? [])
        {
            CheckSelector(narrow.Selector, narrow.At, "limits nothing");
        }
    }

    private void CheckSelector(Selector selector, Place at, string effect)
    {
        switch (selector)
        {
            case Selector.Merchant merchant when !_merchants.Contains(merchant.Name):
                problems.Add(at, $"expected a merchant of this file, `category:NAME`, a host with a dot or a port, or `*`, found `{merchant.Name}`{Suggestion.For(merchant.Name, _merchants)}");
                break;
            case Selector.Category category when !_categories.Contains(category.Name):
                CheckUnknownCategory(category.Name, at, effect);
                break;
            default:
                break;
        }
    }

    // Denying a category before anything is in it is prudent; a category that nearly has the name of another is a typing error.
    private void CheckUnknownCategory(string name, Place at, string effect)
    {
        if (Suggestion.Nearest(name, _categories) is { } near)
        {
            problems.Add(at, $"expected a category of this file, found `category:{name}`: did you mean `category:{near}`?");
            return;
        }

        problems.Warn(at, $"no merchant and no entry of `categories` is in `{name}`: this {effect}");
    }

    private void CheckRecipients(RecipientsEntry? recipients)
    {
        if (recipients is { Choice: RecipientChoice.Pin } && !file.Pins)
        {
            problems.Add(recipients.At, "expected a list of full addresses, found `\"pin\"` under `\"pins\": false`: list them, or allow pins");
        }

        if (recipients is { Choice: RecipientChoice.Any })
        {
            problems.Warn(recipients.At, "any recipient is paid, also one that an intruder puts into the seller's answer: list addresses, or use `pin`");
        }
    }

    private void CheckReference(Located<string>? name, HashSet<string> known, string what)
    {
        if (name is { } used && !known.Contains(used.Value))
        {
            problems.Add(used.At, $"expected {what}, found `\"{used.Value}\"`{Suggestion.For(used.Value, known)}");
        }
    }

    private void CheckNarrower<T>(IReadOnlyList<Located<T>>? narrow, IReadOnlyList<Located<T>>? wide, string what, Func<T, string> show)
        where T : notnull
    {
        foreach (var (item, at) in narrow ?? [])
        {
            if (wide is not null && !wide.Any(w => w.Value.Equals(item)))
            {
                problems.Add(at, $"expected some of the file's `{what}`, found `\"{Node.Show(show(item))}\"`: add it at the top, or remove it here");
            }
        }
    }

    private sealed record Claim(string Category, string Owner, Place At);
}
