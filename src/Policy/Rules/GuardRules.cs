using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>When a person has to agree.</summary>
/// <param name="Words">Where it was written.</param>
/// <param name="Above">For prices above this; null for none.</param>
/// <param name="NewRecipient">For a recipient that nobody has paid at this origin.</param>
/// <param name="NewHost">For an origin that nobody has paid and no merchant names.</param>
/// <param name="PriceDrift">Where the drift guard would refuse.</param>
/// <param name="Hold">How long the request waits.</param>
/// <param name="Expires">How long the question stays open.</param>
internal sealed record ApprovalRule(string Words, Usd? Above, bool NewRecipient, bool NewHost, bool PriceDrift, TimeSpan Hold, TimeSpan Expires)
{
    /// <summary><c>above 0.05 USD, a new recipient</c>.</summary>
    public string Text { get; } = string.Join(", ", new[]
    {
        Above is { } above ? $"above {above} USD" : null,
        NewRecipient ? "a new recipient" : null,
        NewHost ? "a new host" : null,
        PriceDrift ? "a price that drifted" : null,
    }.OfType<string>());

    /// <summary>Null where nothing is left to ask.</summary>
    public ApprovalGuard? For(Usd value, bool isMerchant, bool isDriftGuarded)
    {
        var (isAbove, newHost, drift) = (Above is { } above && value > above, NewHost && !isMerchant, PriceDrift && isDriftGuarded);
        return isAbove || NewRecipient || newHost || drift ? new ApprovalGuard(Words, isAbove, NewRecipient, newHost, drift, Hold, Expires) : null;
    }
}

/// <param name="Words">Where it was written.</param>
/// <param name="Failures">So many paid and not delivered in a row …</param>
/// <param name="Pause">… stop payments for so long.</param>
internal sealed record BreakerRule(string Words, int Failures, TimeSpan Pause);

/// <summary>What an agent asks of the books beside its limits.</summary>
internal sealed record GuardSet(ApprovalRule? Approval, PriceDriftGuard? PriceDrift, LoopGuard? Loop, BreakerRule? Breaker)
{
    public bool IsEmpty => Approval is null && PriceDrift is null && Loop is null && Breaker is null;

    /// <summary>The guards of one payment. The lower price drift counts; a merchant's breaker replaces the agent's.</summary>
    public PaymentGuards For(Usd value, Origin origin, MerchantRule? merchant, SpendScopes scopes)
    {
        if (IsEmpty && merchant is not { PriceDrift: not null } and not { Breaker: not null })
        {
            return PaymentGuards.None;
        }

        var drift = Lower(PriceDrift, merchant?.PriceDrift);
        return new PaymentGuards(
            Approval?.For(value, merchant is not null, drift is not null),
            drift,
            Loop,
            (merchant?.Breaker ?? Breaker) is { } breaker ? new BreakerGuard(breaker.Words, merchant is null ? SpendScopes.OfOrigin(origin) : scopes.OfMerchant(merchant.Name), breaker.Failures, breaker.Pause) : null);
    }

    private static PriceDriftGuard? Lower(PriceDriftGuard? ours, PriceDriftGuard? theirs) =>
        ours is null || theirs?.Percent < ours.Percent ? theirs ?? ours : ours;
}
