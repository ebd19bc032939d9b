using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What one journal line says. Replay applies entries; it never decides again.</summary>
public abstract record JournalEntry
{
    private JournalEntry()
    {
    }

    /// <summary>The first line of a journal.</summary>
    /// <param name="Journal">Random bytes that tell this journal from every other one.</param>
    public sealed record Opened(Bytes32 Journal) : JournalEntry;

    /// <summary>A claim on budgets, pin, idempotency key and nonce, with the complete authorization.</summary>
    public sealed record Reserved : JournalEntry
    {
        public required PaymentId Id { get; init; }

        public required Bytes32 PolicyHash { get; init; }

        /// <summary>The text whose Keccak-256 is the nonce, verbatim.</summary>
        public required string DecisionRecord { get; init; }

        public required TransferAuthorization Authorization { get; init; }

        public required PaymentFacts Facts { get; init; }

        /// <summary>The limits that it draws on, as they stood before it.</summary>
        public required IReadOnlyList<LimitFigures> Lines { get; init; }

        /// <summary>The agreement that it uses up, if a person was asked.</summary>
        public PaymentId? Approval { get; init; }

        /// <summary>The grants that it uses, and how much of each.</summary>
        public IReadOnlyList<GrantUse> Grants { get; init; } = [];

        public required Bytes32 TermsHash { get; init; }

        public required Bytes32 RequestDigest { get; init; }

        public required Bytes32 LogicalRequest { get; init; }

        public required bool HasIdempotencyKey { get; init; }

        public required bool IsSafeMethod { get; init; }

        public required bool PinsRecipient { get; init; }

        public required PaymentContext Context { get; init; }
    }

    /// <summary>Everything else that happens.</summary>
    public sealed record Recorded(LedgerEvent Event) : JournalEntry;
}

/// <summary>One line of the journal.</summary>
/// <param name="Sequence">From 1, without gaps.</param>
/// <param name="Previous">SHA-256 of the previous line's bytes without its line feed; zeros on the first line.</param>
/// <param name="At">When, in UTC, to the microsecond; never earlier than the line before.</param>
/// <param name="Entry">What happened.</param>
/// <param name="Hash">SHA-256 of this line's bytes without its line feed.</param>
public sealed record JournalLine(long Sequence, Bytes32 Previous, DateTimeOffset At, JournalEntry Entry, Bytes32 Hash);
