namespace SmartProxy.Policy.Document;

/// <summary>What a member holds.</summary>
internal abstract record Shape
{
    private Shape()
    {
    }

    public sealed record One(Leaf Leaf) : Shape;

    /// <param name="Leaf">Of each item.</param>
    /// <param name="OrOne">Whether a single item may be written without the list.</param>
    public sealed record Many(Leaf Leaf, bool OrOne = false) : Shape;

    /// <summary>One word, or a list.</summary>
    public sealed record WordOrMany(Leaf Word, Leaf Item) : Shape;

    public sealed record Object(Entity Entity) : Shape;

    /// <summary>An object whose keys the operator chooses.</summary>
    public sealed record Map(Leaf Key, Shape Value) : Shape;
}

/// <summary>A key of the policy file.</summary>
/// <param name="Name">As written.</param>
/// <param name="Shape">What it holds; null for a key that is reserved and not supported yet.</param>
/// <param name="Help">One sentence for the schema.</param>
internal sealed record Key(string Name, Shape? Shape, string Help)
{
    public bool IsRequired { get; init; }
}

/// <summary>A kind of object in the policy file.</summary>
/// <param name="Title">Its name in schema and reference.</param>
/// <param name="Keys">Every key it may have.</param>
internal sealed record Entity(string Title, IReadOnlyList<Key> Keys)
{
    /// <summary>Keys beside the named ones, for limits: rolling durations.</summary>
    public (Leaf Key, Shape Value)? Other { get; init; }

    public Key? Find(string name) => Keys.FirstOrDefault(k => k.Name == name);
}

/// <summary>
/// Every key that a policy file may have. The reader, the JSON Schema and the test of the reference page share this one table. A key without a
/// shape belongs to the full format and is refused as <c>not supported yet</c>: a limit that is written and not enforced would be a lie.
/// </summary>
internal static class PolicyModel
{
    private static readonly Shape Dollars = new Shape.One(Leaves.Dollars);
    private static readonly Shape Selectors = new Shape.Many(Leaves.Selector);
    private static readonly Shape Networks = new Shape.Many(Leaves.Network, OrOne: true);
    private static readonly Shape Assets = new Shape.Many(Leaves.Symbol, OrOne: true);
    private static readonly Shape Schemes = new Shape.Many(Leaves.Scheme, OrOne: true);
    private static readonly Shape Hosts = new Shape.Many(Leaves.Host, OrOne: true);
    private static readonly Shape Recipients = new Shape.WordOrMany(Leaves.RecipientWord, Leaves.Recipient);

    private static readonly Key Tags = new("tags", new Shape.Map(Leaves.Text, new Shape.One(Leaves.Text)), "At most 8 words for receipts and reports; they never decide.");
    private static readonly Key ValidSeconds = new("validSeconds", new Shape.One(Leaves.ValidSeconds), "The longest validity of a signature, 10 to 3600 seconds; 120 where nothing is said.");
    private static readonly Key Wallet = new("wallet", new Shape.One(Leaves.Name), "The wallet that pays, by its name in the configuration; the only one where nothing is said.");

    private static readonly Key[] Windows =
    [
        new("payment", Dollars, "The most for one payment."),
        new("day", Dollars, "The most from midnight to midnight in the file's time zone."),
        new("week", Dollars, "The most from Monday to Sunday."),
        new("month", Dollars, "The most from the 1st to the last day of the month."),
        new("total", Dollars, "The most for ever."),
        new("quarter", null, "The most in a quarter."),
        new("year", null, "The most in a year."),
        new("payments", null, "How many payments."),
    ];

    /// <summary>Limits inside <c>each</c> and <c>in</c>.</summary>
    public static readonly Entity Narrow = new("narrow limits", Windows) { Other = (Leaves.Duration, Dollars) };

    public static readonly Entity Each = new("each",
    [
        new("merchant", new Shape.Object(Narrow), "A counter of its own for every merchant; all hosts without a merchant share one."),
        new("recipient", null, "A counter of its own for every recipient."),
        new("category", null, "A counter of its own for every category."),
    ]);

    public static readonly Entity PlainLimits = Narrow with { Title = "merchant limits" };

    public static readonly Entity Limits = new("limits",
    [
        .. Windows,
        new("each", new Shape.Object(Each), "Limits with a counter of their own for every merchant."),
        new("in", new Shape.Map(Leaves.Selector, new Shape.Object(Narrow)), "Limits on what a selector matches: a merchant, a category or a host."),
    ])
    {
        Other = (Leaves.Duration, Dollars),
    };

    private static readonly Key LimitsKey = new("limits", new Shape.Object(Limits), "The most that may be spent; a window that is absent has no limit.");

    public static readonly Entity Organization = new("organization", [LimitsKey]);

    public static readonly Entity Merchant = new("merchant",
    [
        new("hosts", Hosts, "Where it is reached: exact hosts or `*.` and a name; `:port` opens another port.") { IsRequired = true },
        new("category", new Shape.One(Leaves.Name), "The operator's own word for what it sells."),
        new("recipients", Recipients, "Who may be paid: full addresses, `pin` (the first one seen at an origin, the default) or `any`."),
        new("networks", Networks, "Narrows the file's networks for this merchant."),
        new("allowCleartext", new Shape.One(Leaves.Flag), "Whether payment over `http://` is allowed; a thief on the path could take the signature."),
        new("payHead", new Shape.One(Leaves.Flag), "Whether HEAD requests are paid."),
        new("payUpgrades", new Shape.One(Leaves.Flag), "Whether upgrades (WebSocket) are paid."),
        ValidSeconds,
        new("limits", new Shape.Object(PlainLimits), "Shared by everyone who pays this merchant."),
        Tags,
        new("upstream", null, "The base URL of a named upstream."),
    ]);

    public static readonly Entity Group = new("group", [LimitsKey, Tags]);

    private static readonly Key[] Template =
    [
        new("group", new Shape.One(Leaves.Name), "The group whose shared limits apply on top."),
        new("allow", Selectors, "What may be paid; nothing where nothing is said."),
        new("deny", Selectors, "What is never paid, whatever is allowed; also recipients `0x…`."),
        new("networks", Networks, "Narrows the file's networks."),
        new("assets", Assets, "Narrows the file's assets."),
        new("schemes", Schemes, "Narrows the file's schemes."),
        new("recipients", Recipients, "Who may be paid at hosts that no merchant names."),
        LimitsKey,
        ValidSeconds,
        new("egress", new Shape.One(Leaves.Egress), "What becomes of hosts that could not be paid: `any` are tunnelled unseen, `listed-only` are refused."),
        new("intercept", new Shape.One(Leaves.Intercept), "What is decrypted: hosts that could be paid, or `all`."),
        Wallet,
        Tags,
        new("approval", null, "When a person has to agree."),
        new("schedule", null, "When payments are allowed."),
        new("priceDrift", null, "How much dearer an offer may become."),
    ];

    public static readonly Entity Policy = new("policy", Template);

    public static readonly Entity Agent = new("agent",
    [
        new("policy", new Shape.One(Leaves.Name), "The policy whose members the agent takes; its own members replace them, limits merge key by key, deny adds."),
        .. Template,
        new("tokenHashes", new Shape.Many(Leaves.TokenHash), "Tokens by their SHA-256, for policies kept in version control."),
    ]);

    public static readonly Entity File = new("file",
    [
        new("$schema", new Shape.One(Leaves.Text), "For editors; not read."),
        new("networks", Networks, "Every network that may be paid on; test and main networks never together.") { IsRequired = true },
        new("assets", Assets, "Every token that may be paid with; `USDC` where nothing is said."),
        new("schemes", Schemes, "Every payment scheme; `exact` where nothing is said."),
        Wallet,
        new("timeZone", new Shape.One(Leaves.Zone), "Where days, weeks and months begin; `UTC` where nothing is said."),
        new("pins", new Shape.One(Leaves.Flag), "`false` forbids recipients by first sight: every recipient has to be listed."),
        new("organization", new Shape.Object(Organization), "Limits over everything."),
        new("merchants", new Shape.Map(Leaves.Name, new Shape.Object(Merchant)), "Sellers by the operator's name for them."),
        new("categories", new Shape.Map(Leaves.Name, Hosts), "Hosts of a category that are no merchants."),
        new("groups", new Shape.Map(Leaves.Name, new Shape.Object(Group)), "Shared limits of several agents."),
        new("policies", new Shape.Map(Leaves.Name, new Shape.Object(Policy)), "Templates that agents take their members from."),
        new("agents", new Shape.Map(Leaves.Agent, new Shape.Object(Agent)), "Who may spend: names, or patterns with one `*`.") { IsRequired = true },
        new("shadow", null, "A policy that is evaluated and not obeyed."),
    ]);
}
