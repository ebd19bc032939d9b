using SmartProxy.AdminApi;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.AdminApi;

/// <summary>Books that remember what was recorded and say what a test wants to hear.</summary>
internal sealed class FakeLedger : ILedger
{
    public List<LedgerEvent> Recorded { get; } = [];

    public bool IsBroken { get; set; }

    public LedgerHealth Health { get; set; } = new(default, 41, null, null);

    public Usd Spent { get; set; } = new(250_000);

    public ValueTask<ReserveOutcome> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask RecordAsync(LedgerEvent entry)
    {
        if (IsBroken)
        {
            throw new LedgerUnavailableException("disk full");
        }

        Recorded.Add(entry);
        return ValueTask.CompletedTask;
    }

    public ValueTask<Reservation?> FindReservationAsync(PaymentId id, CancellationToken cancellationToken) => ValueTask.FromResult<Reservation?>(null);

    public ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<LineUsage>>([.. lines.Select(line => new LineUsage(line, Spent, new Usd(50_000), DateTimeOffset.UnixEpoch))]);

    public ValueTask<ReserveOutcome.Refused?> WouldRefuseAsync(ReserveRequest request, CancellationToken cancellationToken) => ValueTask.FromResult<ReserveOutcome.Refused?>(null);

    public ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<ApprovalView>>([]);

    public ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<GrantView>>([]);

    public string? FrozenReason(AgentId agent) => Recorded.OfType<LedgerEvent.Frozen>().LastOrDefault(frozen => frozen.Agent is null || frozen.Agent == agent)?.Reason;
}

/// <summary>A policy of one line: a dollar a day for everybody.</summary>
internal sealed class FakePolicyView : IPolicyView
{
    public Bytes32? Hash { get; set; } = Bytes32.Sha256("policy"u8);

    public event Action? Changed;

    public (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IReadOnlyList<PaymentQuestion> questions) => (Hash, []);

    public NamedUpstream? UpstreamOf(string merchant) => null;

    public TunnelTreatment Treat(AgentId agent, HostName host, int port) => TunnelTreatment.Intercept;

    public IReadOnlyList<BudgetLine> LinesOf(AgentId agent) =>
        [new BudgetLine($"agents.{agent}.limits.day", BudgetOwner.Agent(agent), new SpendScope($"agent={agent}", facts => facts.Agent == agent), new SpendWindow.Total(), new Usd(1_000_000))];

    public void Change() => Changed?.Invoke();
}

/// <summary>One payment and one receipt for each of two agents.</summary>
internal sealed class FakeArchive : IPaymentArchive
{
    public static readonly PaymentId PaymentOfA = PaymentId.Parse("01jaaaaaaaaaaaaaaaaaaaaaaa");
    public static readonly PaymentId PaymentOfB = PaymentId.Parse("01jbbbbbbbbbbbbbbbbbbbbbbb");

    public PaymentQuery? Asked { get; private set; }

    public ValueTask<PaymentPage> SearchAsync(PaymentQuery query, CancellationToken cancellationToken)
    {
        Asked = query;
        PaymentRow[] rows = [Row(PaymentOfA, "a"), Row(PaymentOfB, "b")];
        return ValueTask.FromResult(new PaymentPage([.. rows.Where(row => query.Agent is null || row.Agent == query.Agent)], Next: null));
    }

    public ValueTask<string?> FindReceiptAsync(string id, AgentId? owner, CancellationToken cancellationToken)
    {
        var isTheirs = (id == "rcpt_" + PaymentOfA && owner?.Value is null or "a") || (id == "rcpt_" + PaymentOfB && owner?.Value is null or "b");
        return ValueTask.FromResult(isTheirs ? "eyJhbGciOiJFUzI1NiJ9.eyJpZCI6IngifQ.c2ln" : null);
    }

    private static PaymentRow Row(PaymentId id, string agent) =>
        new(id, DateTimeOffset.UnixEpoch, new AgentId(agent), "paid", "GET", "https://api.test", "/x") { Value = new Usd(10_000) };
}

/// <summary>Questions of agents a and b, and a grant; answers and revocations are taken from what the ledger recorded.</summary>
internal sealed class FakeBooks : IOperatorBooks
{
    public static readonly PaymentId AskedByA = PaymentId.Parse("01jaskaaaaaaaaaaaaaaaaaaaa");
    public static readonly PaymentId AskedByB = PaymentId.Parse("01jaskbbbbbbbbbbbbbbbbbbbb");
    public static readonly PaymentId Grant = PaymentId.Parse("01jgrantaaaaaaaaaaaaaaaaaa");

    /// <summary>How both questions stand.</summary>
    public ApprovalState State { get; set; } = ApprovalState.Open;

    public static LedgerEvent.Granted Granted { get; } =
        new(Grant, BudgetOwner.Agent(new AgentId("a")), Merchant: null, new Usd(5_000_000), DateTimeOffset.UnixEpoch.AddYears(100), "admin", "a deadline");

    public ValueTask<IReadOnlyList<ApprovalView>> ApprovalsAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ApprovalView>>([Asked(AskedByA, "a"), Asked(AskedByB, "b")]);

    public ValueTask<IReadOnlyList<GrantView>> GrantsAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<GrantView>>([new GrantView(Granted, new Usd(1_000_000), IsRevoked: false, IsExpired: false)]);

    public ValueTask<LedgerEvent.PolicyActivated?> FindPolicyAsync(Bytes32 hash, CancellationToken cancellationToken) =>
        ValueTask.FromResult(hash == Bytes32.Sha256("policy"u8) ? new LedgerEvent.PolicyActivated(hash, "{ }", "[]", "first policy") : null);

    private ApprovalView Asked(PaymentId id, string agent) => new(
        id,
        new ApprovalQuestion(Bytes32.Sha256("binding"u8), new AgentId(agent), ApprovalCauses.NewHost, "policies.research.approval", TimeSpan.Zero, TimeSpan.FromHours(1)),
        new PaymentContext
        {
            Method = "GET",
            Origin = Origin.TryParse("https://api.test", out var origin) ? origin : default,
            Path = "/x",
            Rule = "policies.research.allow[0] *",
            Rail = "x402",
            ProtocolVersion = 2,
        },
        new RefusalFigures(Price: new Usd(10_000)),
        DateTimeOffset.UnixEpoch,
        DateTimeOffset.UnixEpoch.AddYears(100),
        State,
        By: null,
        Reason: null);
}
