namespace SmartProxy.Ledger;

/// <summary>Either the entry to journal, or why not.</summary>
public readonly record struct ReserveDecision
{
    private ReserveDecision(JournalEntry.Reserved? entry, ReserveOutcome.Refused? refusal) => (Entry, Refusal) = (entry, refusal);

    /// <summary>To be applied and journaled; null when refused.</summary>
    public JournalEntry.Reserved? Entry { get; }

    public ReserveOutcome.Refused? Refusal { get; }

    public static implicit operator ReserveDecision(JournalEntry.Reserved entry) => new(entry, null);

    public static implicit operator ReserveDecision(ReserveOutcome.Refused refusal) => new(null, refusal);
}
