using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Merchants;

/// <summary>What a seller has done with the money: one row for each merchant, or for each origin that the policy had no name for.</summary>
/// <param name="Name">The merchant's name, or the origin.</param>
internal sealed record MerchantCard(string Name)
{
    /// <summary>How many payments were made or may still be charged.</summary>
    public int Payments { get; init; }

    /// <summary>What they are worth.</summary>
    public Usd Value { get; init; }

    /// <summary>How many the chain proves.</summary>
    public int Proven { get; init; }

    /// <summary>How many the seller only says to be settled.</summary>
    public int Claimed { get; init; }

    /// <summary>How many are in doubt, or were closed by a person.</summary>
    public int Doubtful { get; init; }

    /// <summary>How many the seller said to be settled and the chain disproves.</summary>
    public int Disproved { get; init; }

    /// <summary>How many were paid by the seller's or the chain's word, and answered with something else than was promised.</summary>
    public int Undelivered { get; init; }

    /// <summary>How many were answered by asking again, or by a refusal, although a signature was out.</summary>
    public int RefusedAfterPayment { get; init; }

    /// <summary>The lowest and the highest price.</summary>
    public (Usd Lowest, Usd Highest) Price { get; init; }

    /// <summary>Who got the last payment.</summary>
    public EvmAddress LastRecipient { get; init; }

    /// <summary>How many different recipients there were.</summary>
    public int Recipients { get; init; }

    /// <summary>The time from the reservation to the head of the paid answer that half of them do not exceed; null when none came.</summary>
    public TimeSpan? MedianAnswer { get; init; }

    /// <summary>How many payments something came back for.</summary>
    public int Refunds { get; init; }

    /// <summary>What came back of what was paid, in dollars by the rate of each payment, rounded down.</summary>
    public Usd Refunded { get; init; }
}
