using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Benchmarks;

/// <summary>
/// How long the one writer stands still after an edit of the policy, when a million payments have to be summed again: the first decision, with
/// limits of the agent, of a merchant and of the organization, and the first one of the next agent.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 1, iterationCount: 5, invocationCount: 1)]
public class Reload
{
    private const int Payments = 1_000_000;

    private static readonly Bytes32 Policy = Bytes32.Sha256("policy"u8);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private BudgetLedger _books = new();
    private DateTimeOffset _now;
    private int _number;

    /// <summary>Among how many agents the payments are shared.</summary>
    [Params(1, 1000)]
    public int Agents { get; set; }

    /// <summary>How many paths they were for; with as many as payments, each is a kind of its own.</summary>
    [Params(20, Payments)]
    public int Paths { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        _books = new BudgetLedger();
        Apply(new JournalEntry.Opened(default));
        Apply(Activated);
        for (var i = 0; i < Payments; i++)
        {
            _now = Start + (TimeSpan.FromSeconds(10) * i);
            var entry = Entry(i);
            Apply(entry);
            Apply(new JournalEntry.Recorded(new LedgerEvent.Sent(entry.Id)));
            Apply(new JournalEntry.Recorded(new LedgerEvent.Settled(entry.Id, new SettlementClaim(true, "", "", null, null, null), 200, true)));
        }

        Console.WriteLine($"// {(GC.GetTotalMemory(forceFullCollection: true) - before) / Payments} bytes for each payment");
    }

    [IterationSetup(Target = nameof(First))]
    public void Edit() => Apply(Activated);

    [IterationSetup(Target = nameof(Next))]
    public void EditAndDecide()
    {
        Edit();
        First();
    }

    [Benchmark(Description = "the first decision after an edit")]
    public void First() => Decide(Entry(0));

    [Benchmark(Description = "the first decision of another agent")]
    public void Next() => Decide(Entry(Agents - 1));

    private static JournalEntry.Recorded Activated => new(new LedgerEvent.PolicyActivated(Policy, "", "", ""));

    private void Decide(JournalEntry.Reserved entry)
    {
        var agent = entry.Facts.Agent;
        var decision = _books.Decide(
            new ReserveRequest
            {
                Id = entry.Id,
                PolicyHash = Policy,
                Facts = entry.Facts,
                Lines =
                [
                    .. Windows.Select(window => Line(new SpendScope($"agent={agent}", facts => facts.Agent == agent) { Agent = agent }, window)),
                    .. Windows.Select(window => Line(new SpendScope("*", _ => true), window)),
                    .. Windows.Select(window => Line(new SpendScope("merchant=exa", facts => facts.Merchant == "exa"), window)),
                ],
                Terms = entry.Authorization.Terms,
                Secret = Unique(),
                TermsHash = Policy,
                RequestDigest = Unique(),
                LogicalRequest = Unique(),
                IsSafeMethod = true,
                PinsRecipient = false,
                Context = entry.Context,
            },
            _now,
            default);
        if (decision.Entry is null)
        {
            throw new InvalidOperationException(decision.Refusal!.ToString());
        }
    }

    private static SpendWindow[] Windows =>
    [
        new SpendWindow.Rolling(TimeSpan.FromHours(1)), new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc),
        new SpendWindow.Calendar(CalendarPeriod.Month, TimeZoneInfo.Utc), new SpendWindow.Total(),
    ];

    private static BudgetLine Line(SpendScope scope, SpendWindow window) =>
        new(window.ToString(), BudgetOwner.Organization, scope, window, new Usd(UInt128.One << 90));

    private JournalEntry.Reserved Entry(int i)
    {
        var unique = Unique();
        // Fresh texts, as they come from a journal that is read.
        _ = Origin.TryParse($"https://api-{i % 50}.example", out var origin);
        var path = $"/search/{i % Paths}";
        var facts = new PaymentFacts(
            new AgentId($"agent-{i % Agents}"), "l" + "ab", "rese" + "arch", origin, i % 50 < 10 ? "exa" : null, null, new ChainId(84532), default, default, new Usd(10_000))
        { Method = "GET", Path = path };
        Span<byte> random = stackalloc byte[10];
        BitConverter.TryWriteBytes(random, _number);
        return new JournalEntry.Reserved
        {
            Id = PaymentId.Create(_now, random),
            PolicyHash = Policy,
            DecisionRecord = "",
            Authorization = new TransferAuthorization(
                new TransferTerms(facts.Network, default, "USDC", "2", default, default, new TokenAmount(10_000), 0, _now.ToUnixTimeSeconds() + 60), unique),
            Facts = facts,
            Lines = [],
            TermsHash = Policy,
            RequestDigest = unique,
            LogicalRequest = unique,
            HasIdempotencyKey = false,
            IsSafeMethod = true,
            PinsRecipient = false,
            Context = new PaymentContext { Method = "GET", Origin = origin, Path = path, Rule = "", Rail = "x402", ProtocolVersion = 2 },
        };
    }

    private void Apply(JournalEntry entry) => _books.Apply(new JournalLine(_books.Sequence + 1, default, _books.Tick(_now), entry, default));

    private Bytes32 Unique()
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        BitConverter.TryWriteBytes(bytes, ++_number);
        return new Bytes32(bytes);
    }
}
