using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Why a person is asked.</summary>
[Flags]
public enum ApprovalCauses
{
    None = 0,

    /// <summary>The price is above the rule's <c>above</c>.</summary>
    AmountAbove = 1,

    /// <summary>Nobody here has paid this recipient at this origin yet.</summary>
    NewRecipient = 2,

    /// <summary>Another recipient is pinned for this origin.</summary>
    RecipientChanged = 4,

    /// <summary>Nobody here has paid this origin yet, and no merchant names it.</summary>
    NewHost = 8,

    /// <summary>Dearer than the last time by more than the policy allows.</summary>
    PriceDrift = 16,
}

/// <summary>What a person is asked to agree to.</summary>
/// <param name="Binding">SHA-256 over agent, origin, recipient, network, asset, amount and request digest: an agreement is good for exactly this.</param>
/// <param name="Agent">Who wants to pay.</param>
/// <param name="Causes">Why a person is asked.</param>
/// <param name="Rule">The rule that asks, by its words.</param>
/// <param name="Hold">How long the request waits for the answer.</param>
/// <param name="ValidFor">How long the question stays open, and an agreement can be used.</param>
/// <param name="Open">The open or answered question for the same binding, if there is one.</param>
public sealed record ApprovalQuestion(Bytes32 Binding, AgentId Agent, ApprovalCauses Causes, string Rule, TimeSpan Hold, TimeSpan ValidFor, PaymentId? Open = null);

/// <summary>How a question to a person stands.</summary>
public enum ApprovalState
{
    Open,
    Approved,
    Denied,
    Used,
    Expired,
}

/// <summary>A question and its answer, for people.</summary>
public sealed record ApprovalView(
    PaymentId Id,
    ApprovalQuestion Question,
    PaymentContext Context,
    RefusalFigures Figures,
    DateTimeOffset AskedAt,
    DateTimeOffset ExpiresAt,
    ApprovalState State,
    string? By,
    string? Reason);

/// <summary>A grant and what is left of it, for people.</summary>
public sealed record GrantView(LedgerEvent.Granted Grant, Usd Used, bool IsRevoked, bool IsExpired)
{
    public Usd Left => IsRevoked || IsExpired ? Usd.Zero : Grant.Amount.Less(Used);
}

/// <summary>A limit as it stood when a payment was reserved, that payment left out.</summary>
/// <param name="Id">The limit by its words.</param>
/// <param name="Limit">The most.</param>
/// <param name="Spent">Settled.</param>
/// <param name="Held">Reserved, sent or in doubt.</param>
public sealed record LimitFigures(string Id, Quantity Limit, Quantity Spent, Quantity Held);

/// <summary>How much of a grant a payment uses.</summary>
public sealed record GrantUse(PaymentId Grant, Usd Amount);
