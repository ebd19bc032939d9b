using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What guards have to remember of the payments before. Whatever the policy asks of it is derived from them, so an edit forgets nothing.</summary>
internal sealed class GuardMemory
{
    private readonly Dictionary<(Origin Origin, ChainId Network), EvmAddress> _pins = [];
    private readonly RequestLoops _loops = new();
    private readonly LastPrices _prices = new();
    private readonly KnownSellers _sellers = new();

    public IReadOnlyDictionary<(Origin Origin, ChainId Network), EvmAddress> Pins => _pins;

    /// <summary>Why a payment may not be made, whoever agrees; null when nothing is in its way but, perhaps, a person's agreement.</summary>
    /// <param name="request">The payment.</param>
    /// <param name="sums">The sums of the policy that asks.</param>
    /// <param name="now">Now.</param>
    /// <param name="asks">Why a person has to agree.</param>
    public ReserveOutcome.Refused? Refuse(ReserveRequest request, SumSet sums, DateTimeOffset now, out ApprovalNeed asks)
    {
        asks = default;
        var causes = ApprovalCauses.None;
        var (facts, guards, approval) = (request.Facts, request.Guards, request.Guards.Approval);
        if (guards.Breaker is { } breaker && sums.BreakerOf(breaker.Scope).Refuse(breaker, now) is { } suspended)
        {
            return suspended;
        }

        if (guards.Loop is { } loop && _loops.Refuse(loop, request, now) is { } again)
        {
            return again;
        }

        if (request.PinsRecipient && PinnedElsewhere(facts) is { } pinned)
        {
            if (approval is not { NewRecipient: true })
            {
                return new ReserveOutcome.Refused(ReserveRefusal.RecipientChanged, PinnedRecipient: pinned);
            }

            causes |= ApprovalCauses.RecipientChanged;
        }

        int? passesAt = null;
        if (guards.PriceDrift is { } drift && _prices.Last(facts) is { } last && LastPrices.IsDearer(facts.Value, last, drift.Percent))
        {
            passesAt = LastPrices.PercentOf(facts.Value, last);
            if (approval is not { PriceDrift: true })
            {
                return new ReserveOutcome.Refused(ReserveRefusal.PriceDrift) { Rule = drift.Rule, LastPrice = last, PassesAt = passesAt };
            }

            causes |= ApprovalCauses.PriceDrift;
        }

        causes |= approval is { IsAbove: true } ? ApprovalCauses.AmountAbove : 0;
        causes |= approval is { NewRecipient: true } && !_sellers.IsKnownRecipient(facts) ? ApprovalCauses.NewRecipient : 0;
        causes |= approval is { NewHost: true } && !_sellers.IsKnownHost(facts) ? ApprovalCauses.NewHost : 0;
        asks = new ApprovalNeed(causes, passesAt);
        return null;
    }

    public void Add(Payment payment, JournalEntry.Reserved entry, DateTimeOffset now)
    {
        _loops.Add(payment, now);
        _prices.Add(payment);
        _sellers.Add(payment);
        if (!entry.PinsRecipient)
        {
            return;
        }

        // Nothing else than a person's agreement moves a pin.
        var place = (entry.Facts.Origin, entry.Facts.Network);
        if (entry.Approval is null)
        {
            _pins.TryAdd(place, entry.Facts.PayTo);
        }
        else
        {
            _pins[place] = entry.Facts.PayTo;
        }
    }

    public void Aborted(Payment payment)
    {
        _prices.Aborted(payment);
        _sellers.Aborted(payment);
    }

    private EvmAddress? PinnedElsewhere(PaymentFacts facts) =>
        _pins.TryGetValue((facts.Origin, facts.Network), out var pinned) && pinned != facts.PayTo ? pinned : null;
}

/// <param name="Causes">Why a person has to agree; none where nobody has to.</param>
/// <param name="PassesAt">For a price that drifted: the per cent of the drift guard with which nobody would be asked for it.</param>
internal readonly record struct ApprovalNeed(ApprovalCauses Causes, int? PassesAt);
