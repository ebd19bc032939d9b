using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies.Simulation;

/// <summary>How a decision of the past comes out differently.</summary>
internal enum DifferenceKind
{
    /// <summary>Paid then, refused now.</summary>
    NewlyRefused,

    /// <summary>Refused then, paid now.</summary>
    NewlyAllowed,

    /// <summary>Paid or refused then, and a person is asked now.</summary>
    AsksPerson,
}

/// <summary>Payments and dollars.</summary>
/// <param name="Payments">How many.</param>
/// <param name="Value">What they are worth together.</param>
internal readonly record struct Tally(long Payments, Usd Value)
{
    public Tally Plus(Usd? value) => new(Payments + 1, Value.Plus(value ?? Usd.Zero));
}

/// <summary>What differs, for one agent at one seller by one rule.</summary>
/// <param name="Kind">How.</param>
/// <param name="Agent">Who pays.</param>
/// <param name="Merchant">The seller's name in the policy, or its origin.</param>
/// <param name="Reason">The stable word of the refusal: the new one, or for a payment that is newly allowed the old one.</param>
/// <param name="Rule">The new policy's deciding rule by its words.</param>
internal readonly record struct Difference(DifferenceKind Kind, AgentId Agent, string Merchant, string Reason, string Rule);

/// <summary>What came of a simulation, counted while it runs.</summary>
/// <param name="Policy">The policy that was tried.</param>
/// <param name="Since">From when on.</param>
internal sealed class SimulationReport(Bytes32 policy, DateTimeOffset since)
{
    // Origins are chosen by sellers: what is beyond this many lines is summed in one.
    private const int MaxDifferences = 10_000;

    private readonly Dictionary<Difference, Tally> _differences = [];
    private readonly SortedDictionary<string, long> _notRebuilt = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _outside = new(StringComparer.Ordinal);

    public Bytes32 Policy { get; } = policy;

    public DateTimeOffset Since { get; } = since;

    /// <summary>How many decisions were made again.</summary>
    public long Decisions { get; private set; }

    /// <summary>Paid then and now.</summary>
    public Tally StillPaid { get; private set; }

    /// <summary>Refused then and now.</summary>
    public Tally StillRefused { get; private set; }

    /// <summary>Repetitions of refusals within a minute, which are one decision and are not summed.</summary>
    public long Repetitions { get; private set; }

    /// <summary>Refusals whose record does not say enough, by reason.</summary>
    public IReadOnlyDictionary<string, long> NotRebuiltByReason => _notRebuilt;

    /// <summary>Refusals that no policy decides (a freeze, a twin, a broken body), by reason.</summary>
    public IReadOnlyDictionary<string, long> OutsideByReason => _outside;

    /// <summary>What differs, the largest sums first.</summary>
    public IReadOnlyList<(Difference Difference, Tally Tally)> Differences =>
        [.. _differences.Select(entry => (entry.Key, entry.Value))
            .OrderBy(entry => entry.Key.Kind).ThenByDescending(entry => entry.Value.Value).ThenBy(entry => entry.Key.Agent.Value, StringComparer.Ordinal)
            .ThenBy(entry => entry.Key.Merchant, StringComparer.Ordinal).ThenBy(entry => entry.Key.Rule, StringComparer.Ordinal).ThenBy(entry => entry.Key.Reason, StringComparer.Ordinal)];

    public Tally Of(DifferenceKind kind) => _differences.Where(entry => entry.Key.Kind == kind)
        .Aggregate(default(Tally), (sum, entry) => new Tally(sum.Payments + entry.Value.Payments, sum.Value.Plus(entry.Value.Value)));

    public void Allowed(RecordedDecision decision, Verdict.Allowed allowed)
    {
        Decisions++;
        if (decision.Reason is null)
        {
            StillPaid = StillPaid.Plus(allowed.Facts.Value);
            return;
        }

        Differ(DifferenceKind.NewlyAllowed, decision, allowed.Facts.Merchant ?? decision.Merchant, decision.Reason, allowed.Rule, allowed.Facts.Value);
    }

    public void Refused(RecordedDecision decision, string reason, string rule, Usd? value)
    {
        Decisions++;
        if (decision.Reason is not null)
        {
            StillRefused = StillRefused.Plus(value ?? decision.Value);
            return;
        }

        Differ(DifferenceKind.NewlyRefused, decision, decision.Merchant, reason, rule, decision.Value);
    }

    public void Asks(RecordedDecision decision, string rule, Verdict.Allowed allowed)
    {
        const string reason = "approval_pending";
        Decisions++;
        if (decision.Reason == reason)
        {
            StillRefused = StillRefused.Plus(allowed.Facts.Value);
            return;
        }

        Differ(DifferenceKind.AsksPerson, decision, allowed.Facts.Merchant ?? decision.Merchant, decision.Reason ?? "paid", rule, allowed.Facts.Value);
    }

    public void NotRebuilt(RecordedDecision decision) => Count(_notRebuilt, decision);

    public void OutsidePolicy(RecordedDecision decision) => Count(_outside, decision);

    public void Repeat(int times) => Repetitions += times;

    private void Count(SortedDictionary<string, long> counts, RecordedDecision decision)
    {
        Decisions++;
        counts[decision.Reason!] = counts.GetValueOrDefault(decision.Reason!) + 1;
    }

    private void Differ(DifferenceKind kind, RecordedDecision decision, string merchant, string reason, string rule, Usd? value)
    {
        var difference = new Difference(kind, decision.Agent, merchant, reason, rule);
        if (_differences.Count >= MaxDifferences && !_differences.ContainsKey(difference))
        {
            difference = difference with { Agent = new AgentId("other"), Merchant = "others", Rule = "-" };
        }

        _differences[difference] = _differences.GetValueOrDefault(difference).Plus(value);
    }
}
