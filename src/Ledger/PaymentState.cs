namespace SmartProxy.Ledger;

/// <summary>Where a payment stands. Everything but <see cref="Aborted"/> and <see cref="Expired"/> counts against its limits.</summary>
public enum PaymentState
{
    /// <summary>On disk, not signed as far as we know.</summary>
    Reserved,

    /// <summary>A signature may have left.</summary>
    Sent,

    /// <summary>The seller says it settled: a claim.</summary>
    Settled,

    /// <summary>A signature may have left, and nobody knows what became of it.</summary>
    InDoubt,

    /// <summary>The signer was provably never called.</summary>
    Aborted,

    /// <summary>The chain shows it settled: final.</summary>
    Proven,

    /// <summary>The chain shows that it never settled and never can: final.</summary>
    Expired,

    /// <summary>An operator closed the doubt: spent, by attestation. The chain may still prove either.</summary>
    Voided,
}

internal static class PaymentMoves
{
    /// <summary>The arrows of the state machine. Only a reservation that was never handed to the signer may end without counting.</summary>
    public static bool IsLegal(PaymentState from, PaymentState to) => (from, to) switch
    {
        (PaymentState.Reserved, PaymentState.Sent) => true,
        (PaymentState.Reserved, PaymentState.Aborted) => true,
        // In doubt again: the identical payment was presented once more, and its answer may have delivered what the first did not.
        (PaymentState.Reserved or PaymentState.Sent or PaymentState.InDoubt, PaymentState.InDoubt) => true,
        (PaymentState.Sent or PaymentState.InDoubt, PaymentState.Settled) => true,
        (PaymentState.InDoubt, PaymentState.Voided) => true,
        // The chain has the last word about everything that may have been signed, a seller's claim and an operator's attestation included.
        (PaymentState.Reserved or PaymentState.Sent or PaymentState.InDoubt or PaymentState.Settled or PaymentState.Voided, PaymentState.Proven or PaymentState.Expired) => true,
        _ => false,
    };
}
