using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Simulation;

/// <summary>
/// What is promised, said again without any of the product's cleverness: it looks at what was signed, at the moment of signing, and at what the chain
/// charged. The journal is asked for one thing only: which policy was in force when a reservation became durable.
/// </summary>
/// <param name="disk">What survives.</param>
internal sealed class Promises(MemoryDisk disk)
{
    private readonly Dictionary<Bytes32, SimulatedPolicy> _policies = [];
    private readonly Dictionary<PaymentId, Reserved> _reserved = [];
    private readonly List<Signed> _signed = [];
    private readonly Dictionary<Bytes32, Signed> _byNonce = [];
    private SimulatedPolicy? _inForce;

    /// <summary>A reservation that was acknowledged.</summary>
    /// <param name="Order">Its place among all of them.</param>
    /// <param name="Policy">What was in force.</param>
    /// <param name="At">The time of the books.</param>
    /// <param name="ChainAt">The chain's time, in Unix seconds.</param>
    private sealed record Reserved(int Order, SimulatedPolicy Policy, DateTimeOffset At, long ChainAt);

    public sealed class Signed(PaymentId id, Purchase purchase, TransferAuthorization authorization, int order, DateTimeOffset at)
    {
        public PaymentId Id => id;

        public Purchase Purchase => purchase;

        public TransferAuthorization Authorization => authorization;

        public int Order => order;

        public DateTimeOffset At => at;

        public ulong Value => (ulong)authorization.Terms.Value.Units;

        public long ValidBefore => authorization.Terms.ValidBefore;

        /// <summary>Whether a person had to agree to it.</summary>
        public bool NeedsPerson { get; set; }

        /// <summary>By how much it exceeds the limits of which pots: what it takes of grants.</summary>
        public Dictionary<string, ulong> Beyond { get; } = [];

        /// <summary>When the chain charged it; null while it has not.</summary>
        public (long Chain, DateTimeOffset Local)? Charged { get; set; }

        /// <summary>The agent got what it paid for, or the seller says that it took the money: asking again is another purchase.</summary>
        public bool IsAnswered { get; set; }

        /// <summary>The chain will never take it: it was cancelled, or the contract says that it was used and moved nothing.</summary>
        public bool IsBurnt { get; set; }

        /// <summary>Whether the chain would still take it.</summary>
        public bool IsLive(long chain) => !IsBurnt && chain < ValidBefore && (Charged is not { } charged || charged.Chain > chain);

        public bool IsDead(long chain) => IsBurnt || (chain >= ValidBefore && Charged is null);
    }

    public IReadOnlyList<Signed> All => _signed;

    public PeoplesWord People { get; } = new();

    public void Know(SimulatedPolicy policy) => _policies[policy.Set.Hash] = policy;

    public void Started(LedgerHealth health) => _inForce = health.PolicyHash is { } hash ? _policies[hash] : null;

    /// <summary>It was acknowledged that a grant is taken back: no later reservation uses it.</summary>
    public void Revoked(Grant grant) => grant.RevokedFrom = Math.Min(grant.RevokedFrom, _reserved.Count);

    /// <summary>Lines that became durable, in their order.</summary>
    public void Take(IReadOnlyList<JournalLine> lines, long chain)
    {
        foreach (var line in lines)
        {
            if (line.Entry is JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated activated })
            {
                _inForce = _policies[activated.Hash];
            }
            else if (line.Entry is JournalEntry.Reserved reserved)
            {
                _reserved[reserved.Id] = new Reserved(_reserved.Count, _inForce!, line.At, chain);
            }
        }
    }

    /// <summary>A signature was made: from now on it may be anywhere.</summary>
    public Signed Sign(PaymentId id, Purchase purchase, TransferAuthorization authorization, long chain, int longestValidity)
    {
        Require(disk.HoldsDurably(Encoding.ASCII.GetBytes(authorization.Nonce.ToHex())), $"{id} was signed, and the disk does not hold its authorization");
        Require(_reserved.TryGetValue(id, out var reserved), $"{id} was signed, and was never acknowledged as reserved");
        var signed = new Signed(id, purchase, authorization, reserved!.Order, reserved.At);
        Require(_byNonce.TryAdd(authorization.Nonce, signed) && !_signed.Exists(other => other.Id == id), $"{id} was signed twice");
        // Of the time when it was decided: a wall clock that is set back before the signature makes nothing live longer.
        Require(authorization.Terms.ValidBefore - reserved.At.ToUnixTimeSeconds() <= longestValidity, $"{id} is valid for longer than the seller and the policy allow");
        var twin = _signed.Find(other => other.Purchase.Logical == purchase.Logical && !other.IsAnswered && other.IsLive(chain));
        Require(twin is null, $"{id} was signed while {twin?.Id}, for the same request ({purchase.Logical}), may still be charged");
        signed.NeedsPerson = reserved.Policy.Above.TryGetValue(purchase.Agent, out var above) && signed.Value > above;
        Require(!signed.NeedsPerson || People.Uses(purchase, authorization.Terms, reserved.At), $"{id} was signed, and no person has agreed to it, or not once more");
        _signed.Add(signed);
        foreach (var later in _signed.Where(other => other.Order >= signed.Order).OrderBy(other => other.Order))
        {
            RequireRoom(later);
        }

        return signed;
    }

    /// <summary>The chain moved money of ours.</summary>
    public void Charge(TransferAuthorization authorization, long chain, DateTimeOffset local)
    {
        Require(_byNonce.TryGetValue(authorization.Nonce, out var signed) && signed.Authorization == authorization, "the chain charged what was never signed");
        Require(signed!.Charged is null, "the chain charged a signature twice");
        Require(chain < signed.ValidBefore, "the chain charged an authorization that had expired");
        signed.Charged = (chain, local);
    }

    /// <summary>What the books say must never be less than what was and can be charged, whatever happened to the process in between.</summary>
    public void Compare(BudgetLedger books, long chain)
    {
        foreach (var id in _reserved.Keys)
        {
            Require(books.Find(id) is not null, $"the reservation {id} was acknowledged and is lost");
        }

        foreach (var signed in _signed)
        {
            var state = books.Find(signed.Id)!.State;
            Require(state is not PaymentState.Aborted, $"{signed.Id} was signed and is booked as never signed");
            Require(state is not PaymentState.Expired || signed.IsDead(chain), $"{signed.Id} is booked as dead, and was or can be charged");
            Require(state is not PaymentState.Proven || signed.Charged is not null, $"{signed.Id} is booked as proven, and the chain never charged it");
        }
    }

    /// <summary>The sums of the books, for every limit without an end.</summary>
    public void CompareTotals(Func<BudgetLine, LineUsage> usage, IEnumerable<(string Agent, BudgetLine Line)> lines)
    {
        foreach (var (agent, line) in lines.Where(entry => entry.Line is { Window: SpendWindow.Total, Owner.Kind: BudgetOwnerKind.Agent }))
        {
            var charged = _signed.Where(signed => signed.Charged is not null && signed.Purchase.Agent == agent).Aggregate(0UL, (sum, signed) => sum + signed.Value);
            var shown = usage(line);
            Require(shown.Spent.Units + shown.Held.Units >= charged, $"{line.Id} shows {shown.Spent} + {shown.Held}, and the chain charged {new Usd(charged)}");
        }
    }

    /// <summary>At the end of all validity nothing is held for ever, and nothing is called what it is not.</summary>
    public void RequireFinal(BudgetLedger books)
    {
        foreach (var signed in _signed.Where(signed => !signed.IsBurnt))
        {
            var expected = signed.Charged is null ? PaymentState.Expired : PaymentState.Proven;
            Require(books.Find(signed.Id)!.State == expected, $"{signed.Id} ended as {books.Find(signed.Id)!.State}, and the chain says {expected}");
        }
    }

    private void RequireRoom(Signed signed)
    {
        var reserved = _reserved[signed.Id];
        signed.Beyond.Clear();
        foreach (var limit in reserved.Policy.Limits.Where(limit => limit.Covers(signed.Purchase)))
        {
            var counted = _signed.Where(other => other.Order < signed.Order && limit.Covers(other.Purchase) && Counts(limit, other, reserved));
            var (before, more) = limit.Per is Per.DayCount ? ((ulong)counted.Count(), 1) : (counted.Aggregate(0UL, (total, other) => total + other.Value), signed.Value);
            var room = limit.Most - Math.Min(limit.Most, before);
            var excess = more - Math.Min(more, room);
            Require(excess == 0 || limit.IsLiftable, $"{signed.Id} makes {limit.Pot} {limit.Per} {before + more} of {limit.Most}");
            signed.Beyond[limit.Pot] = Math.Max(excess, signed.Beyond.GetValueOrDefault(limit.Pot));
        }

        foreach (var (pot, excess) in signed.Beyond.Where(beyond => beyond.Value > 0))
        {
            var taken = _signed.Where(other => other.Order < signed.Order && !other.IsDead(reserved.ChainAt)).Aggregate(excess, (sum, other) => sum + other.Beyond.GetValueOrDefault(pot));
            var given = Math.Min(People.InForce(pot, signed.Purchase, reserved.Order, reserved.At), People.Ever(pot) - Math.Min(People.Ever(pot), taken - excess));
            Require(excess <= given, $"{signed.Id} exceeds the limits of {pot} by {excess}, and grants give {given}");
        }
    }

    // Money counts where it was signed, unless it is dead; and while it can still be charged, it counts now, whatever day it is.
    private static bool Counts(Limit limit, Signed earlier, Reserved now) => limit.Per switch
    {
        Per.Payment => false,
        Per.Total => !earlier.IsDead(now.ChainAt),
        Per.Day => (IsSameDay(earlier.At, now) && !earlier.IsDead(now.ChainAt)) || earlier.IsLive(now.ChainAt),
        Per.DayCount => IsSameDay(earlier.At, now) && !earlier.IsDead(now.ChainAt),
        Per.Rolling => (earlier.At > now.At - Limit.RollingLength && !earlier.IsDead(now.ChainAt))
            || earlier.IsLive(now.ChainAt)
            || (earlier.Charged is { } charged && charged.Local > now.At - Limit.RollingLength && charged.Chain <= now.ChainAt),
        _ => throw new NotSupportedException(),
    };

    private static bool IsSameDay(DateTimeOffset at, Reserved now) =>
        TimeZoneInfo.ConvertTime(at, now.Policy.Zone).Date == TimeZoneInfo.ConvertTime(now.At, now.Policy.Zone).Date;

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }
}

/// <summary>The product did what it promises not to do.</summary>
internal sealed class BrokenPromiseException(string what) : Exception(what);
