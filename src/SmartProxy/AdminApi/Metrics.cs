using System.Collections.Concurrent;
using Prometheus;
using SmartProxy.Protocol;

namespace SmartProxy.AdminApi;

/// <summary>How a decision on a 402 ended.</summary>
internal enum PaymentOutcome
{
    Paid,
    InDoubt,
    Failed,
}

/// <summary>
/// The numbers of <c>/metrics</c>, in a registry of their own. Labels are bounded: no agent, host or merchant is one, and whatever a stranger
/// could choose falls into <c>other</c>.
/// </summary>
internal sealed class Metrics
{
    /// <summary>Different refusal reasons that are counted apart; all further ones count as <c>other</c>.</summary>
    public const int MaxReasons = 64;

    private const int MaxReasonLength = 48;

    private readonly ConcurrentDictionary<string, bool> _reasons = new(StringComparer.Ordinal);
    private readonly Counter _payments;
    private readonly Counter _refusals;
    private readonly Counter _spent;
    private readonly Counter _challenges;
    private readonly Counter _chainAlarms;
    private readonly Counter _concluded;
    private readonly Gauge _tunnels;
    private readonly Gauge _sequence;
    private readonly Gauge _degraded;

    public Metrics()
    {
        var factory = Prometheus.Metrics.WithCustomRegistry(Registry);
        _payments = factory.CreateCounter("smartproxy_payments_total", "Payments that were signed, by how they ended.", "outcome");
        _refusals = factory.CreateCounter("smartproxy_refusals_total", "Payments that were refused, by reason.", "reason");
        _spent = factory.CreateCounter("smartproxy_spend_micro_usd_total", "Value of signed payments, in micro-dollars.");
        _challenges = factory.CreateCounter("smartproxy_challenges_total", "402 answers seen.");
        _concluded = factory.CreateCounter("smartproxy_payments_concluded_total", "Payments whose outcome became final: proven or expired on chain, or voided.", "how");
        _chainAlarms = factory.CreateCounter("smartproxy_chain_alarms_total", "Nodes that can't be believed and events of the chain that don't fit, by kind.", "kind");
        _tunnels = factory.CreateGauge("smartproxy_blind_tunnels", "Open tunnels whose inside is not seen.");
        _sequence = factory.CreateGauge("smartproxy_ledger_sequence", "Number of the last durable journal line.");
        _degraded = factory.CreateGauge("smartproxy_degraded_reasons", "Reasons why health is not ok.");
    }

    public CollectorRegistry Registry { get; } = Prometheus.Metrics.NewCustomRegistry();

    public void Challenge() => _challenges.Inc();

    /// <summary>A payment that was signed, and how it ended.</summary>
    public void Payment(PaymentOutcome outcome, Usd value)
    {
        var label = outcome switch
        {
            PaymentOutcome.Paid => "paid",
            PaymentOutcome.InDoubt => "in_doubt",
            PaymentOutcome.Failed => "failed",
        };
        _payments.WithLabels(label).Inc();
        _spent.Inc((double)value.Micros);
    }

    public void Concluded(string how) => _concluded.WithLabels(how).Inc();

    /// <summary>A word of ours, never of a node.</summary>
    public void ChainAlarm(string kind) => _chainAlarms.WithLabels(kind).Inc();

    public void Refused(string reason) => _refusals.WithLabels(Bounded(reason)).Inc();

    /// <summary>Read right before every scrape.</summary>
    public void Observe(HealthReport report)
    {
        _tunnels.Set(report.BlindTunnels);
        _sequence.Set(report.Sequence);
        _degraded.Set(report.Reasons.Count);
    }

    private string Bounded(string reason)
    {
        var isWord = reason.Length is > 0 and <= MaxReasonLength && reason.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
        return isWord && (_reasons.ContainsKey(reason) || (_reasons.Count < MaxReasons && _reasons.TryAdd(reason, true))) ? reason : "other";
    }
}
