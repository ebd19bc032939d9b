using System.Buffers;
using System.Globalization;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>Books with a clock and a journal in memory, and the requests that tests make of them.</summary>
internal sealed class Books
{
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
    public static readonly Bytes32 Policy = Bytes32.Sha256("policy"u8);
    public static readonly AgentId Me = new("me");
    public static readonly SpendScope Mine = new("agent=me", facts => facts.Agent == Me);
    public static readonly SpendScope Everyone = new("*", _ => true);

    private readonly ArrayBufferWriter<byte> _journal = new();
    private readonly JournalWriter _writer = new(0, default);
    private int _made;

    public Books(bool withPolicy = true)
    {
        Append(new JournalEntry.Opened(Bytes32.Sha256("a journal"u8)));
        if (withPolicy)
        {
            Record(new LedgerEvent.PolicyActivated(Policy, "{}", "[]", "first"));
        }
    }

    public BudgetLedger Ledger { get; } = new();

    public DateTimeOffset Now { get; set; } = Start;

    public List<JournalLine> Lines { get; } = [];

    public string Journal => System.Text.Encoding.UTF8.GetString(_journal.WrittenSpan);

    public static BudgetLine Day(string limit, SpendScope? scope = null, TimeZoneInfo? zone = null) =>
        Line("day", limit, new SpendWindow.Calendar(CalendarPeriod.Day, zone ?? TimeZoneInfo.Utc), scope);

    public static BudgetLine Rolling(string limit, TimeSpan length, SpendScope? scope = null) => Line("rolling", limit, new SpendWindow.Rolling(length), scope);

    public static BudgetLine Total(string limit, SpendScope? scope = null) => Line("total", limit, new SpendWindow.Total(), scope);

    public static BudgetLine Count(uint limit, SpendWindow window, SpendScope? scope = null) =>
        new($"payments.{window}", BudgetOwner.Agent(Me), scope ?? Mine, window, new Quantity(SpendMeasure.Payments, limit));

    public static BudgetLine Recipients(uint limit, SpendWindow? window = null, SpendScope? scope = null) =>
        new("recipients", BudgetOwner.Agent(Me), scope ?? Mine, window ?? new SpendWindow.Total(), new Quantity(SpendMeasure.Recipients, limit));

    public static EvmAddress Address(int number) => new([.. new byte[16], .. BitConverter.GetBytes(number)]);

    public static Usd Usd(string text) => Protocol.Usd.TryParse(text, out var usd) ? usd : throw new FormatException(text);

    /// <summary>A request for one payment that differs from all others, unless <paramref name="logical"/> says which purchase it is.</summary>
    public ReserveRequest Request(
        string value,
        IReadOnlyList<BudgetLine> lines,
        string? logical = null,
        bool key = false,
        bool safe = true,
        bool pins = false,
        string agent = "me",
        string request = "a request",
        string payTo = "0x1111111111111111111111111111111111111111",
        int validSeconds = 60)
    {
        var number = ++_made;
        var id = PaymentId.Create(Now, [.. BitConverter.GetBytes((long)number), 0, 0]);
        var amount = Usd(value);
        _ = Origin.TryParse("https://api.example", out var origin);
        var facts = new PaymentFacts(
            new AgentId(agent), "lab", "research", origin, "exa", "search", new ChainId(84532), EvmAddress.Parse("0x036cbd53842c5426634e7929541ec2318f3dcf7e"),
            EvmAddress.Parse(payTo), amount);
        return new ReserveRequest
        {
            Id = id,
            PolicyHash = Policy,
            Facts = facts,
            Lines = lines,
            Terms = new TransferTerms(
                facts.Network, facts.Asset, "USDC", "2", EvmAddress.Parse("0x2222222222222222222222222222222222222222"), facts.PayTo,
                new TokenAmount(amount.Micros), 0, Now.AddSeconds(validSeconds).ToUnixTimeSeconds()),
            Secret = Digest("secret" + number),
            TermsHash = Digest("terms"),
            RequestDigest = Digest(request),
            LogicalRequest = Digest(logical ?? "logical" + number.ToString(CultureInfo.InvariantCulture)),
            HasIdempotencyKey = key,
            IsSafeMethod = safe,
            PinsRecipient = pins,
            Context = new PaymentContext
            {
                Method = safe ? "GET" : "POST",
                Origin = origin,
                Path = "/search",
                Rule = "agents.me.allow[0] *",
                Rail = "x402",
                ProtocolVersion = 2,
                Tags = new Dictionary<string, string> { ["costCenter"] = "4711" },
            },
        };
    }

    public ReserveOutcome.Refused? Reserve(ReserveRequest request) => Reserve(request, out _);

    public ReserveOutcome.Refused? Reserve(ReserveRequest request, out PaymentId id)
    {
        id = request.Id;
        var decision = Ledger.Decide(request, Now, _writer.Head);
        if (decision.Entry is { } entry)
        {
            Append(entry);
        }

        return decision.Refusal;
    }

    /// <summary>Reserves what must succeed.</summary>
    public PaymentId Pay(string value, params BudgetLine[] lines)
    {
        Assert.Null(Reserve(Request(value, lines), out var id));
        return id;
    }

    /// <summary>Records what must be legal.</summary>
    public void Record(LedgerEvent happened) => Append(new JournalEntry.Recorded(happened));

    public void Send(PaymentId id) => Record(new LedgerEvent.Sent(id));

    public void Settle(PaymentId id, bool delivered = true) =>
        Record(new LedgerEvent.Settled(id, new SettlementClaim(true, "0xabc", "eip155:84532", null, null, null), delivered ? 200 : 500, delivered));

    public void Doubt(PaymentId id, bool delivered = false) => Record(new LedgerEvent.InDoubt(id, "no_answer", null, delivered));

    public void Abort(PaymentId id) => Record(new LedgerEvent.Aborted(id, "signer_refused"));

    /// <summary>The entry of the last line.</summary>
    public JournalEntry.Reserved LastReserved => (JournalEntry.Reserved)Lines[^1].Entry;

    public PaymentId NewId() => PaymentId.Create(Now, [.. BitConverter.GetBytes((long)++_made), 1, 0]);

    /// <summary>A grant to somebody; by default to the agent whose limits the other helpers make.</summary>
    public PaymentId Grant(string amount, BudgetOwner? owner = null, string? merchant = null, TimeSpan? lasts = null)
    {
        var id = NewId();
        Record(new LedgerEvent.Granted(id, owner ?? BudgetOwner.Agent(Me), merchant, Usd(amount), Now + (lasts ?? TimeSpan.FromHours(1)), "operator", "an emergency"));
        return id;
    }

    public GrantView GrantOf(PaymentId id) => Ledger.Grants(Now).Single(view => view.Grant.Grant == id);

    /// <summary>Puts the question of a refusal on record.</summary>
    public PaymentId Ask(ReserveOutcome.Refused refused, ReserveRequest request)
    {
        var id = NewId();
        Record(Question(id, refused, request));
        return id;
    }

    public LedgerEvent.ApprovalRequested Question(PaymentId id, ReserveOutcome.Refused refused, ReserveRequest request) =>
        new(id, refused.Approval!, request.Context, new RefusalFigures(request.Facts.Value, request.Facts.PayTo), Now + refused.Approval!.ValidFor);

    public void Answer(PaymentId id, bool approved, TimeSpan? lasts = null) =>
        Record(new LedgerEvent.ApprovalAnswered(id, approved, "operator", "because", Now + (lasts ?? TimeSpan.FromHours(1))));

    public ApprovalView ApprovalOf(PaymentId id) => Ledger.Approvals(Now).Single(view => view.Id == id);

    /// <summary>The same journal read again from its bytes.</summary>
    public BudgetLedger Reread()
    {
        var again = new BudgetLedger();
        foreach (var text in Journal.Split('\n')[..^1])
        {
            Assert.True(JournalReader.TryRead(System.Text.Encoding.UTF8.GetBytes(text), out var line, out var problem), problem);
            again.Apply(line);
        }

        return again;
    }

    public LineUsage Usage(BudgetLine line) => Ledger.Usage(line, Now);

    public static Bytes32 Digest(string text) => Bytes32.Sha256(System.Text.Encoding.UTF8.GetBytes(text));

    private static BudgetLine Line(string id, string limit, SpendWindow window, SpendScope? scope) => new(id, BudgetOwner.Organization, scope ?? Mine, window, Usd(limit));

    public void Append(JournalEntry entry)
    {
        var line = _writer.Append(entry, Ledger.Tick(Now), _journal);
        Ledger.Apply(line);
        Lines.Add(line);
    }
}
