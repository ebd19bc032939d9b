namespace SmartProxy.Policy.Document;

/// <summary>
/// Every key that a policy file may have. The reader, the JSON Schema and the test of the reference page share this one table.
/// </summary>
internal static class PolicyModel
{
    private static readonly Shape Dollars = new Shape.One(Leaves.Dollars);
    private static readonly Shape Count = new Shape.One(Leaves.Count);
    private static readonly Shape Flag = new Shape.One(Leaves.Flag);
    private static readonly Shape Selectors = new Shape.Many(Leaves.Selector);
    private static readonly Shape Networks = new Shape.Many(Leaves.Network, OrOne: true);
    private static readonly Shape Assets = new Shape.Many(Leaves.Symbol, OrOne: true);
    private static readonly Shape Schemes = new Shape.Many(Leaves.Scheme, OrOne: true);
    private static readonly Shape Hosts = new Shape.Many(Leaves.Host, OrOne: true);
    private static readonly Shape Recipients = new Shape.WordOrMany(Leaves.RecipientWord, Leaves.Recipient);

    private static readonly Key Tags = new("tags", new Shape.Map(Leaves.Text, new Shape.One(Leaves.Text)), "At most 8 words for receipts and reports; they never decide.");
    private static readonly Key ValidSeconds = new("validSeconds", new Shape.One(Leaves.ValidSeconds), "The longest validity of a signature, 10 to 3600 seconds; 120 where nothing is said.");
    private static readonly Key Wallet = new("wallet", new Shape.One(Leaves.Name), "The wallet that pays, by its name in the configuration; the only one where nothing is said.");

    private static readonly Key[] Calendar =
    [
        new("day", Dollars, "The most from midnight to midnight in the file's time zone."),
        new("week", Dollars, "The most from Monday to Sunday."),
        new("month", Dollars, "The most from the 1st to the last day of the month."),
        new("quarter", Dollars, "The most from January, April, July or October on, for three months."),
        new("year", Dollars, "The most from January to December."),
        new("total", Dollars, "The most for ever."),
    ];

    /// <summary>Limits on the number of payments.</summary>
    public static readonly Entity Payments = new("payments",
    [
        .. Calendar.Select(key => key with { Shape = Count, Help = key.Help.Replace("The most", "The most payments", StringComparison.Ordinal) }),
        new("concurrent", Count, "The most payments that are under way at once."),
    ])
    {
        Other = (Leaves.Duration, Count),
    };

    private static readonly Key[] Windows =
    [
        new("payment", Dollars, "The most for one payment."),
        .. Calendar,
        new("payments", new Shape.Object(Payments), "How many payments, whatever they cost."),
    ];

    /// <summary>Limits inside <c>each</c> and <c>in</c>.</summary>
    public static readonly Entity Narrow = new("narrow limits", Windows) { Other = (Leaves.Duration, Dollars) };

    public static readonly Entity Each = new("each",
    [
        new("merchant", new Shape.Object(Narrow), "A counter of its own for every merchant; all hosts without a merchant share one."),
        new("recipient", new Shape.Object(Narrow), "A counter of its own for every recipient; after 1,000 of them new ones are refused."),
        new("category", new Shape.Object(Narrow), "A counter of its own for every category; all hosts without a category share one."),
    ]);

    public static readonly Entity PlainLimits = Narrow with { Title = "merchant limits" };

    public static readonly Entity Limits = new("limits",
    [
        .. Windows,
        new("each", new Shape.Object(Each), "Limits with a counter of their own for every merchant, recipient or category."),
        new("in", new Shape.Map(Leaves.Selector, new Shape.Object(Narrow)), "Limits on what a selector matches: a merchant, an endpoint, a category, a host, a network or an asset."),
    ])
    {
        Other = (Leaves.Duration, Dollars),
    };

    private static readonly Key LimitsKey = new("limits", new Shape.Object(Limits), "The most that may be spent; a window that is absent has no limit.");

    /// <summary>When a person has to agree.</summary>
    public static readonly Entity Approval = new("approval",
    [
        new("above", Dollars, "For a price above this."),
        new("newRecipient", Flag, "For a recipient that nobody here has paid at this origin; also one that differs from the pinned one."),
        new("newHost", Flag, "For an origin that nobody here has paid and no merchant names."),
        new("priceDrift", Flag, "Where `priceDrift` would refuse."),
        new("hold", new Shape.One(Leaves.Hold), "How long the request waits for the person, at most `5m`; answered at once where nothing is said."),
        new("expires", new Shape.One(Leaves.Expires), "How long the question stays open and an agreement can be used, `1m` to `7d`; `1h` where nothing is said."),
    ]);

    /// <summary>The object form of a schedule.</summary>
    public static readonly Entity Schedule = new("schedule",
    [
        new("hours", new Shape.Many(Leaves.Span, OrOne: true), "Days and hours, such as `mon-fri 08:00-20:00`.") { IsRequired = true },
        new("timeZone", new Shape.One(Leaves.Zone), "Whose wall clock; the file's time zone where nothing is said."),
    ]);

    public static readonly Entity Loop = new("loop",
    [
        new("times", new Shape.One(Leaves.Times), "The most payments of one agent for one and the same request, 1 to 1000.") { IsRequired = true },
        new("within", new Shape.One(Leaves.Within), "Within this time, at most `1d`.") { IsRequired = true },
    ]);

    public static readonly Entity Breaker = new("breaker",
    [
        new("failures", new Shape.One(Leaves.Failures), "So many payments in a row without delivery, 1 to 100.") { IsRequired = true },
        new("pause", new Shape.One(Leaves.Pause), "Stop payments for this long, at most `7d`; then one is tried.") { IsRequired = true },
    ]);

    /// <summary>An addition to the asset registry.</summary>
    public static readonly Entity Token = new("token",
    [
        new("symbol", new Shape.One(Leaves.TokenSymbol), "What `assets` and `asset:` name.") { IsRequired = true },
        new("network", new Shape.One(Leaves.Network), "The chain of the contract.") { IsRequired = true },
        new("address", new Shape.One(Leaves.Contract), "The contract.") { IsRequired = true },
        new("name", new Shape.One(Leaves.Text), "The EIP-712 name, as the contract answers it.") { IsRequired = true },
        new("version", new Shape.One(Leaves.Text), "The EIP-712 version.") { IsRequired = true },
        new("decimals", new Shape.One(Leaves.Decimals), "0 to 36; 6 for most dollar tokens.") { IsRequired = true },
        new("usd", Dollars, "What one whole token is worth in dollars, by your declaration.") { IsRequired = true },
    ]);

    private static readonly Key PriceDrift = new("priceDrift", new Shape.One(Leaves.Percent), "How much dearer than the last payment at the same endpoint: `0%` to `10000%`.");
    private static readonly Key BreakerKey = new("breaker", new Shape.Object(Breaker), "When a seller that takes money and delivers nothing gets no more.");

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
        PriceDrift,
        BreakerKey,
        new("upstream", new Shape.One(Leaves.BaseUrl), "The base URL that stands behind the merchant's name; its host is one of `hosts`."),
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
        new("webSockets", new Shape.One(Leaves.WebSockets), "Where WebSockets may be opened: at `any` host, at `listed` ones that could be paid, or at `none`. Tunnels that are not decrypted hide them."),
        Wallet,
        Tags,
        new("approval", new Shape.Object(Approval), "When a person has to agree."),
        new("schedule", new Shape.ManyOrObject(Leaves.Span, Schedule), "When payments are allowed; always where nothing is said."),
        PriceDrift,
        new("loop", new Shape.Object(Loop), "How often an agent may pay for one and the same request."),
        BreakerKey,
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
        new("tokens", new Shape.Objects(Token), "Tokens beside those that are built in; the same network and address replaces."),
        new("testNetworks", Networks, "Networks whose money is worthless by your declaration."),
        new("shadow", new Shape.One(Leaves.FileName), "The file of a policy beside this one that is evaluated and not obeyed."),
    ]);
}
