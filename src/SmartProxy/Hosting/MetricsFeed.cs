using System.Collections.Concurrent;
using SmartProxy.AdminApi;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Hosting;

/// <summary>Counts what became durable: the metrics say what the journal says.</summary>
internal sealed class MetricsFeed : IDisposable
{
    // Payments under way; the oldest are forgotten first, and then counted without a value.
    private const int MaxOpen = 100_000;

    private readonly LedgerHost _ledger;
    private readonly Metrics _metrics;
    private readonly ConcurrentDictionary<PaymentId, Usd> _open = new();

    public MetricsFeed(LedgerHost ledger, Metrics metrics)
    {
        (_ledger, _metrics) = (ledger, metrics);
        _ledger.Durable += Follow;
    }

    public void Dispose() => _ledger.Durable -= Follow;

    private void Follow(IReadOnlyList<JournalLine> lines)
    {
        foreach (var line in lines)
        {
            switch (line.Entry)
            {
                case JournalEntry.Reserved reserved when _open.Count < MaxOpen:
                    _open[reserved.Id] = reserved.Facts.Value;
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Settled e }:
                    Count(e.Payment, PaymentOutcome.Paid);
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.InDoubt e }:
                    Count(e.Payment, PaymentOutcome.InDoubt);
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Aborted e }:
                    Count(e.Payment, PaymentOutcome.Failed);
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Proven }:
                    _metrics.Concluded("proven");
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Expired }:
                    _metrics.Concluded("expired");
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Voided }:
                    _metrics.Concluded("voided");
                    break;
                case JournalEntry.Recorded { Event: LedgerEvent.Refused { Count: 1 } e }:
                    _metrics.Refused(e.Reason);
                    break;
            }
        }
    }

    // An aborted payment was never signed and is worth nothing.
    private void Count(PaymentId id, PaymentOutcome outcome)
    {
        _open.TryRemove(id, out var value);
        _metrics.Payment(outcome, outcome is PaymentOutcome.Failed ? Usd.Zero : value);
    }
}
