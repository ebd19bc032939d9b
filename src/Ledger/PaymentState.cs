namespace SmartProxy.Ledger;

/// <summary>Where a payment stands. Everything but <see cref="Aborted"/> counts against its limits.</summary>
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
        _ => false,
    };
}
