namespace SmartProxy.Protocol;

/// <summary>
/// What the policy asks of the books beside its limits. Each needs the memory of the ledger, so it is decided in the reserve step, together with
/// the limits; null where the policy does not ask.
/// </summary>
/// <param name="Approval">When a person has to agree.</param>
/// <param name="PriceDrift">How much dearer than last time.</param>
/// <param name="Loop">How often the same request.</param>
/// <param name="Breaker">When a seller that takes money and delivers nothing gets no more.</param>
public sealed record PaymentGuards(ApprovalGuard? Approval = null, PriceDriftGuard? PriceDrift = null, LoopGuard? Loop = null, BreakerGuard? Breaker = null)
{
    public static readonly PaymentGuards None = new();
}

/// <summary>A person has to agree where any of these holds. The agreement binds agent, origin, recipient, network, asset, amount and request digest, and is used once.</summary>
/// <param name="Rule">Its words: <c>policies.research.approval</c>.</param>
/// <param name="IsAbove">The price is above the rule's <c>above</c>: already known.</param>
/// <param name="NewRecipient">Nobody here has paid this recipient at this origin yet. A recipient that differs from the pinned one is then held too, instead of refused.</param>
/// <param name="NewHost">Nobody here has paid this origin yet, and no merchant names it.</param>
/// <param name="PriceDrift">The drift guard would refuse: then a person decides instead.</param>
/// <param name="Hold">How long the request waits for the person before it is answered <c>approval_pending</c>; zero answers at once.</param>
/// <param name="ValidFor">How long a question stays open, and how long an agreement can be used.</param>
public sealed record ApprovalGuard(string Rule, bool IsAbove, bool NewRecipient, bool NewHost, bool PriceDrift, TimeSpan Hold, TimeSpan ValidFor);

/// <param name="Rule">Its words.</param>
/// <param name="Percent">The most that the price may exceed the last one reserved at the same origin, method and path, by anyone; 0 to 10,000.</param>
public sealed record PriceDriftGuard(string Rule, int Percent);

/// <param name="Rule">Its words.</param>
/// <param name="Times">How many payments for the same request (by its digest) one agent may make, 1 to 1,000 …</param>
/// <param name="Within">… within this time, at most a day.</param>
public sealed record LoopGuard(string Rule, int Times, TimeSpan Within);

/// <param name="Rule">Its words.</param>
/// <param name="Scope">The payments to this merchant, or to this origin where no merchant names it.</param>
/// <param name="Failures">So many paid and not delivered in a row, 1 to 100 …</param>
/// <param name="Pause">… stop payments for this long after the last one; then one is tried.</param>
public sealed record BreakerGuard(string Rule, SpendScope Scope, int Failures, TimeSpan Pause);
