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

    private readonly HashSet<Place> _warned = [];

    private IReadOnlyList<Located<string>> Assets => file.Assets ?? [new Located<string>(PolicyCompiler.DefaultAsset, file.At)];

    public void Check()
    {
        CheckNetworks();
        CheckAssets();
        CheckMerchants();
        new OverlapChecker(file, problems).Check();
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
        foreach (var merchant in file.Merchants)
        {
            CheckNarrower(merchant.Networks, file.Networks, "networks", NetworkNames.ShortNameOf);
            CheckRecipients(merchant.Recipients);
            CheckLimits(merchant.Limits);
            CheckUpstream(merchant);
        }
    }

    private void CheckUpstream(MerchantEntry merchant)
    {
        if (merchant.Upstream is not { } upstream)
        {
            return;
        }

        var origin = upstream.Value.Origin;
        if (!merchant.Hosts.Any(h => h.Value.Matches(Target.Of(origin))))
        {
            problems.Add(upstream.At, $"expected one of this merchant's hosts, found `{origin.Authority}`: add it to `hosts`, or repair the URL");
        }

        if (!origin.IsHttps && !merchant.AllowCleartext)
        {
            problems.Add(upstream.At, "expected `https://`, found `http://`: say `allowCleartext` if nobody listens there");
        }
    }

    private void CheckAgents()
    {
        var hashes = new Dictionary<Bytes32, AgentEntry>();
        foreach (var agent in file.Agents)
        {
            CheckReference(agent.Policy, _policies, "a policy of this file");
            CheckMembers(agent.Members);
            CheckApproval(agent);
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

    private void CheckApproval(AgentEntry agent)
    {
        var under = file.Policies.FirstOrDefault(p => p.Name == agent.Policy?.Value)?.Members;
        var isGuarded = (agent.Members.PriceDrift ?? under?.PriceDrift) is not null || file.Merchants.Any(m => m.PriceDrift is not null);
        if ((agent.Members.Approval ?? under?.Approval) is { Value.PriceDrift: true } approval && !isGuarded && _warned.Add(approval.At))
        {
            problems.Warn(approval.At, "`priceDrift` asks for nobody where nothing sets how much a price may drift: add `priceDrift` beside `approval`");
        }
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
        CheckNarrower(rule.Assets, Assets, "assets", static symbol => symbol);
        CheckNarrower(rule.Schemes, file.Schemes, "schemes", static scheme => scheme);
        CheckRecipients(rule.Recipients);
        CheckLimits(rule.Limits);
        foreach (var (selector, at) in rule.Allow ?? [])
        {
            CheckSelector(selector, at, "allows nothing");
            CheckIsPlace(selector, at);
            if (selector is Selector.Recipient)
            {
                problems.Add(at, $"expected a recipient only in `deny`, found `{selector}`: list who may be paid under `recipients`");
            }
        }

        foreach (var (selector, at) in rule.Deny ?? [])
        {
            CheckSelector(selector, at, "denies nothing");
            CheckIsPlace(selector, at);
        }
    }

    private void CheckIsPlace(Selector selector, Place at)
    {
        if (selector is Selector.Network or Selector.Asset)
        {
            problems.Add(at, $"expected a place, found `{Node.Show(selector.ToString()!)}`: narrow {(selector is Selector.Network ? "`networks`" : "`assets`")} instead; this word belongs into `limits.in`");
        }
    }

    private void CheckLimits(LimitsEntry? limits)
    {
        foreach (var narrow in limits?.In ?? [])
        {
            CheckSelector(narrow.Selector, narrow.At, "limits nothing");
            switch (narrow.Selector)
            {
                case Selector.Network network when file.Networks is { } networks && !networks.Any(n => n.Value == network.Chain):
                    problems.Add(narrow.At, $"expected one of the file's `networks`, found `{network}`: this limits nothing");
                    break;
                case Selector.Asset asset when !Assets.Any(a => a.Value == asset.Symbol):
                    problems.Add(narrow.At, $"expected one of the file's `assets`, found `{Node.Show(asset.ToString())}`{Suggestion.For(asset.Symbol, Assets.Select(a => a.Value))}: this limits nothing");
                    break;
                default:
                    break;
            }
        }
    }

    private void CheckSelector(Selector selector, Place at, string effect)
    {
        switch (selector)
        {
            case Selector.Merchant merchant when !_merchants.Contains(merchant.Name):
                problems.Add(at, $"expected a merchant of this file, `category:NAME`, a host with a dot or a port, or `*`, found `{merchant.Name}`{Suggestion.For(merchant.Name, _merchants)}");
                break;
            case Selector.Endpoint endpoint when !_merchants.Contains(endpoint.Seller):
                problems.Add(at, $"expected a merchant of this file before the method, found `{endpoint.Seller}`{Suggestion.For(endpoint.Seller, _merchants)}");
                break;
            case Selector.Endpoint endpoint when RequestPath.Normalise(endpoint.Path) != endpoint.Path:
                problems.Add(at, $"expected a path in its plain form, found `{Node.Show(endpoint.Path)}`: write `{Node.Show(RequestPath.Normalise(endpoint.Path))}`");
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
}
