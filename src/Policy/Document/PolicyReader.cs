using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Turns the tree into a <see cref="PolicyDocument"/>. Goes on after a problem, so that one run reports all of them.</summary>
internal sealed class PolicyReader(AssetRegistry registry, ProblemList problems)
{
    private GuardReader _guards = new(TimeZoneInfo.Utc, problems);
    private LimitsReader _limits = new(TimeZoneInfo.Utc, problems);

    /// <summary>Null when the root is no object. Any problem makes the document unusable, but still worth checking further.</summary>
    public PolicyDocument? Read(Node root)
    {
        if (ObjectReader.Of(root, PolicyModel.File, problems) is not { } file)
        {
            return null;
        }

        var zone = file.One("timeZone", Leaves.Zone)?.Value ?? TimeZoneInfo.Utc;
        (_guards, _limits) = (new GuardReader(zone, problems), new LimitsReader(zone, problems));
        file.One("$schema", Leaves.Text);
        return new PolicyDocument(
            file.At,
            ReadNetworks(file, "networks"),
            file.Many("assets", Leaves.Symbol),
            file.Many("schemes", Leaves.Scheme),
            file.One("wallet", Leaves.Name),
            zone,
            file.One("pins", Leaves.Flag)?.Value ?? true,
            ReadOrganization(file.Find("organization")),
            ReadMap(file.Find("merchants"), Leaves.Name, PolicyModel.Merchant, ReadMerchant),
            ReadCategories(file.Find("categories")),
            ReadMap(file.Find("groups"), Leaves.Name, PolicyModel.Group, (name, at, group) => new GroupEntry(name, at, _limits.Read(group, PolicyModel.Limits), ReadTags(group))),
            ReadMap(file.Find("policies"), Leaves.Name, PolicyModel.Policy, (name, at, policy) => new PolicyEntry(name, at, ReadMembers(policy))),
            ReadMap(file.Find("agents"), Leaves.Agent, PolicyModel.Agent, ReadAgent),
            [.. ReadTokens(file.Find("tokens"))],
            ReadNetworks(file, "testNetworks") ?? [],
            file.One("shadow", Leaves.FileName)?.Value);
    }

    private OrganizationEntry? ReadOrganization(Node? node) =>
        ObjectReader.Of(node, PolicyModel.Organization, problems) is { } organization
            ? new OrganizationEntry(organization.At, _limits.Read(organization, PolicyModel.Limits))
            : null;

    private MerchantEntry ReadMerchant(string name, Place at, ObjectReader merchant) => new(
        name,
        at,
        merchant.Many("hosts", Leaves.Host) ?? [],
        merchant.One("category", Leaves.Name),
        ReadRecipients(merchant),
        ReadNetworks(merchant, "networks"),
        merchant.One("allowCleartext", Leaves.Flag)?.Value ?? false,
        merchant.One("payHead", Leaves.Flag)?.Value ?? false,
        merchant.One("payUpgrades", Leaves.Flag)?.Value ?? false,
        merchant.One("validSeconds", Leaves.ValidSeconds)?.Value,
        _limits.Read(merchant, PolicyModel.PlainLimits),
        ReadTags(merchant),
        merchant.One("priceDrift", Leaves.Percent),
        _guards.ReadBreaker(merchant),
        merchant.One("upstream", Leaves.BaseUrl));

    private AgentEntry ReadAgent(AgentPattern pattern, Place at, ObjectReader agent) => new(
        pattern,
        at,
        agent.One("policy", Leaves.Name),
        ReadMembers(agent),
        agent.Many("tokenHashes", Leaves.TokenHash, mayBeEmpty: true) ?? []);

    private RuleMembers ReadMembers(ObjectReader rule) => new(
        rule.One("group", Leaves.Name),
        rule.Many("allow", Leaves.Selector, mayBeEmpty: true),
        rule.Many("deny", Leaves.Selector, mayBeEmpty: true),
        ReadNetworks(rule, "networks"),
        rule.Many("assets", Leaves.Symbol),
        rule.Many("schemes", Leaves.Scheme),
        ReadRecipients(rule),
        _limits.Read(rule, PolicyModel.Limits),
        rule.One("validSeconds", Leaves.ValidSeconds)?.Value,
        rule.One("egress", Leaves.Egress)?.Value,
        rule.One("intercept", Leaves.Intercept)?.Value,
        rule.One("webSockets", Leaves.WebSockets)?.Value,
        rule.One("wallet", Leaves.Name),
        ReadTags(rule),
        _guards.ReadApproval(rule),
        _guards.ReadSchedule(rule),
        rule.One("priceDrift", Leaves.Percent),
        _guards.ReadLoop(rule),
        _guards.ReadBreaker(rule));

    private List<Located<ChainId>>? ReadNetworks(ObjectReader reader, string key)
    {
        if (reader.Many(key, Leaves.Network) is not { } texts)
        {
            return null;
        }

        var networks = new List<Located<ChainId>>();
        foreach (var text in texts)
        {
            if (ParseNetwork(text) is { } network)
            {
                networks.Add(new Located<ChainId>(network, text.At));
            }
        }

        return networks;
    }

    private ChainId? ParseNetwork(Located<string> text)
    {
        if (NetworkNames.TryParse(text.Value, out var network))
        {
            return network;
        }

        var known = registry.Assets.Select(a => NetworkNames.ShortNameOf(a.Chain)).Distinct();
        problems.Add(text.At, $"expected {Leaves.Network.Expected}, found `\"{Node.Show(text.Value)}\"`{Suggestion.For(text.Value, known)}");
        return null;
    }

    private IEnumerable<TokenEntry> ReadTokens(Node? node)
    {
        if (node is not null and not ListNode)
        {
            problems.Add(node.At, $"expected a list of tokens, found `{node.Shown}`");
        }

        foreach (var item in (node as ListNode)?.Items ?? [])
        {
            if (ObjectReader.Of(item, PolicyModel.Token, problems) is not { } token)
            {
                continue;
            }

            var (symbol, network, address) = (token.One("symbol", Leaves.TokenSymbol), token.One("network", Leaves.Network), token.One("address", Leaves.Contract));
            var (name, version) = (token.One("name", Leaves.Text), token.One("version", Leaves.Text));
            var (decimals, usd) = (token.One("decimals", Leaves.Decimals), token.One("usd", Leaves.Dollars));
            if (usd is { Value.Micros: var micros } && micros == 0)
            {
                problems.Add(usd.Value.At, "expected what one whole token is worth, found `\"0\"`: no limit would ever hold a token that is worth nothing");
            }

            var isWhole = symbol is not null && address is not null && name is not null && version is not null && decimals is not null && usd is not null;
            if (network is { } chain && ParseNetwork(chain) is { } id && isWhole)
            {
                yield return new TokenEntry(token.At, new Asset(id, address!.Value.Value, symbol!.Value.Value, name!.Value.Value, version!.Value.Value, decimals!.Value.Value) { UsdPerToken = usd!.Value.Value });
            }
        }
    }

    private static RecipientsEntry? ReadRecipients(ObjectReader reader)
    {
        switch (reader.Find("recipients"))
        {
            case null:
                return null;
            case ListNode list:
                return new RecipientsEntry(list.At, RecipientChoice.Listed, reader.Many("recipients", Leaves.Recipient)!);
            case var word:
                return reader.One("recipients", Leaves.RecipientWord) is { } choice ? new RecipientsEntry(word.At, choice.Value, []) : null;
        }
    }

    private TagsEntry? ReadTags(ObjectReader reader)
    {
        const int most = 8;
        if (reader.Find("tags") is not { } node)
        {
            return null;
        }

        var tags = new List<KeyValuePair<string, string>>();
        foreach (var (key, member) in ObjectReader.Entries(node, Leaves.Text, problems))
        {
            if (Leaves.Text.TryRead(member.Value, problems, out var value))
            {
                tags.Add(new(key, value));
            }
        }

        if (tags.Count > most)
        {
            problems.Add(node.At, $"expected at most {most} tags, found `{tags.Count}`: keep what reports need");
        }

        return new TagsEntry(node.At, tags);
    }

    private List<CategoryEntry> ReadCategories(Node? node)
    {
        var categories = new List<CategoryEntry>();
        foreach (var (name, member) in ObjectReader.Entries(node, Leaves.Name, problems))
        {
            // A category is a bare list; reading it as the only member of an object keeps one way to read lists.
            var holder = new ObjectNode(member.At, [new Member("hosts", member.At, member.Value)]);
            var hosts = ObjectReader.Of(holder, CategoryHolder, problems)!.Many("hosts", Leaves.Host)!;
            categories.Add(new CategoryEntry(name, member.At, hosts));
        }

        return categories;
    }

    private static readonly Entity CategoryHolder = new("category", [PolicyModel.Merchant.Find("hosts")!]);

    private List<TEntry> ReadMap<TKey, TEntry>(Node? node, Leaf<TKey> keys, Entity entity, Func<TKey, Place, ObjectReader, TEntry> read)
    {
        var entries = new List<TEntry>();
        foreach (var (key, member) in ObjectReader.Entries(node, keys, problems))
        {
            if (ObjectReader.Of(member.Value, entity, problems) is { } reader)
            {
                entries.Add(read(key, member.At, reader));
            }
        }

        return entries;
    }
}
