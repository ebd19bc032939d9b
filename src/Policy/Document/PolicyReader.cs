using SmartProxy.Policy.Rules;
using SmartProxy.Protocol;

namespace SmartProxy.Policy.Document;

/// <summary>Turns the tree into a <see cref="PolicyDocument"/>. Goes on after a problem, so that one run reports all of them.</summary>
internal sealed class PolicyReader(AssetRegistry registry, ProblemList problems)
{
    private TimeZoneInfo _zone = TimeZoneInfo.Utc;

    /// <summary>Null when the root is no object. Any problem makes the document unusable, but still worth checking further.</summary>
    public PolicyDocument? Read(Node root)
    {
        if (ObjectReader.Of(root, PolicyModel.File, problems) is not { } file)
        {
            return null;
        }

        _zone = file.One("timeZone", Leaves.Zone)?.Value ?? TimeZoneInfo.Utc;
        file.One("$schema", Leaves.Text);
        return new PolicyDocument(
            file.At,
            ReadNetworks(file),
            file.Many("assets", Leaves.Symbol),
            file.Many("schemes", Leaves.Scheme),
            file.One("wallet", Leaves.Name),
            _zone,
            file.One("pins", Leaves.Flag)?.Value ?? true,
            ReadOrganization(file.Find("organization")),
            ReadMap(file.Find("merchants"), Leaves.Name, PolicyModel.Merchant, ReadMerchant),
            ReadCategories(file.Find("categories")),
            ReadMap(file.Find("groups"), Leaves.Name, PolicyModel.Group, (name, at, group) => new GroupEntry(name, at, ReadLimits(group, PolicyModel.Limits), ReadTags(group))),
            ReadMap(file.Find("policies"), Leaves.Name, PolicyModel.Policy, (name, at, policy) => new PolicyEntry(name, at, ReadMembers(policy))),
            ReadMap(file.Find("agents"), Leaves.Agent, PolicyModel.Agent, ReadAgent));
    }

    private OrganizationEntry? ReadOrganization(Node? node) =>
        ObjectReader.Of(node, PolicyModel.Organization, problems) is { } organization
            ? new OrganizationEntry(organization.At, ReadLimits(organization, PolicyModel.Limits))
            : null;

    private MerchantEntry ReadMerchant(string name, Place at, ObjectReader merchant) => new(
        name,
        at,
        merchant.Many("hosts", Leaves.Host) ?? [],
        merchant.One("category", Leaves.Name),
        ReadRecipients(merchant),
        ReadNetworks(merchant),
        merchant.One("allowCleartext", Leaves.Flag)?.Value ?? false,
        merchant.One("payHead", Leaves.Flag)?.Value ?? false,
        merchant.One("payUpgrades", Leaves.Flag)?.Value ?? false,
        merchant.One("validSeconds", Leaves.ValidSeconds)?.Value,
        ReadLimits(merchant, PolicyModel.PlainLimits),
        ReadTags(merchant));

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
        ReadNetworks(rule),
        rule.Many("assets", Leaves.Symbol),
        rule.Many("schemes", Leaves.Scheme),
        ReadRecipients(rule),
        ReadLimits(rule, PolicyModel.Limits),
        rule.One("validSeconds", Leaves.ValidSeconds)?.Value,
        rule.One("egress", Leaves.Egress)?.Value,
        rule.One("intercept", Leaves.Intercept)?.Value,
        rule.One("wallet", Leaves.Name),
        ReadTags(rule));

    private List<Located<ChainId>>? ReadNetworks(ObjectReader reader)
    {
        if (reader.Many("networks", Leaves.Network) is not { } texts)
        {
            return null;
        }

        var networks = new List<Located<ChainId>>();
        foreach (var text in texts)
        {
            if (NetworkNames.TryParse(text.Value, out var network))
            {
                networks.Add(new Located<ChainId>(network, text.At));
                continue;
            }

            var known = registry.Assets.Select(a => NetworkNames.ShortNameOf(a.Chain)).Distinct();
            problems.Add(text.At, $"expected {Leaves.Network.Expected}, found `\"{Node.Show(text.Value)}\"`{Suggestion.For(text.Value, known)}");
        }

        return networks;
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

    private LimitsEntry? ReadLimits(ObjectReader owner, Entity entity)
    {
        if (ObjectReader.Of(owner.Find("limits"), entity, problems) is not { } limits)
        {
            return null;
        }

        var each = entity.Find("each") is null ? null : ObjectReader.Of(limits.Find("each"), PolicyModel.Each, problems);
        return new LimitsEntry(
            limits.At,
            ReadWindows(limits),
            [.. EachWords.SelectMany(word => each?.Find(word.Key) is { } node ? [new EachEntry(word.By, node.At, ReadNarrow(node))] : Array.Empty<EachEntry>())],
            entity.Find("in") is null ? [] : [.. ReadIn(limits.Find("in"))]);
    }

    private static readonly (string Key, EachBy By)[] EachWords = [("merchant", EachBy.Merchant), ("recipient", EachBy.Recipient), ("category", EachBy.Category)];

    private IEnumerable<NarrowedEntry> ReadIn(Node? node)
    {
        foreach (var (selector, member) in ObjectReader.Entries(node, Leaves.Selector, problems))
        {
            if (selector is Selector.Everything or Selector.Recipient)
            {
                problems.Add(member.At, $"expected a merchant's name, `category:NAME` or a host, found `{Node.Show(member.Name)}`: limits over everything stand beside `in`, recipients are not supported here");
                continue;
            }

            yield return new NarrowedEntry(selector, member.At, ReadNarrow(member.Value));
        }
    }

    private List<LimitEntry> ReadNarrow(Node? node) =>
        ObjectReader.Of(node, PolicyModel.Narrow, problems) is { } narrow ? ReadWindows(narrow) : [];

    private List<LimitEntry> ReadWindows(ObjectReader limits)
    {
        var found = new List<LimitEntry>();
        Add("payment", null);
        Add("day", new SpendWindow.Calendar(CalendarPeriod.Day, _zone));
        Add("week", new SpendWindow.Calendar(CalendarPeriod.Week, _zone));
        Add("month", new SpendWindow.Calendar(CalendarPeriod.Month, _zone));
        Add("total", new SpendWindow.Total());
        foreach (var member in limits.Others(PolicyModel.Limits))
        {
            if (Leaves.Duration.Parse(member.Name, out var length))
            {
                Add(member.Name, new SpendWindow.Rolling(length));
            }
        }

        return found;

        void Add(string key, SpendWindow? window)
        {
            if (limits.One(key, Leaves.Dollars) is { } limit)
            {
                found.Add(new LimitEntry(key, limit.At, window, limit.Value));
            }
        }
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
