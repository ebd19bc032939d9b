using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Every payment by its id and by its nonce, and the moves that each may make.</summary>
internal sealed class PaymentRegister
{
    private readonly Dictionary<PaymentId, Payment> _payments = [];

    private readonly Dictionary<(int Account, Bytes32 Nonce), Payment> _nonces = [];

    // Accounts have numbers: there are few of them, and a million keys need not spell them out.
    private readonly Dictionary<(ChainId Chain, EvmAddress Asset, EvmAddress From), int> _accounts = [];

    /// <summary>Makes room, so that tables need not grow step by step.</summary>
    public void Expect(int payments)
    {
        _payments.EnsureCapacity(payments);
        _nonces.EnsureCapacity(payments);
    }

    public Payment? Find(PaymentId id) => _payments.GetValueOrDefault(id);

    /// <summary>One that is known to be there.</summary>
    public Payment Of(PaymentId id) => _payments[id];

    public Payment? FindByNonce(ChainId chain, EvmAddress asset, EvmAddress from, Bytes32 nonce) =>
        _accounts.TryGetValue((chain, asset, from), out var account) ? _nonces.GetValueOrDefault((account, nonce)) : null;

    /// <summary>Why this may not be reserved; null when it may.</summary>
    public string? ObjectionTo(JournalEntry.Reserved entry, Bytes32? policy) =>
        _payments.ContainsKey(entry.Id) ? $"payment `{entry.Id}` is reserved already"
        : FindByNonce(entry.Authorization) is not null ? $"the nonce of payment `{entry.Id}` is taken"
        : policy != entry.PolicyHash ? $"payment `{entry.Id}` was judged under a policy that is not in force"
        : entry.Facts.Value >= BudgetLedger.ValueCeiling ? $"payment `{entry.Id}` is worth more than the books can sum"
        : entry.Authorization.Terms.ValidBefore is < 0 or > BudgetLedger.MaxUnixSeconds ? $"payment `{entry.Id}` has no usable `validBefore`"
        : null;

    /// <summary>Why a payment may not become this; null when it may.</summary>
    public string? ObjectionTo(PaymentId id, PaymentState to) =>
        !_payments.TryGetValue(id, out var payment) ? NeverReserved(id)
        : PaymentMoves.IsLegal(payment.State, to) ? null
        : $"payment `{id}` can't go from {payment.State} to {to}";

    /// <summary>Why nothing can be told of a payment; null when something can.</summary>
    public string? ObjectionTo(PaymentId id) => _payments.ContainsKey(id) ? null : NeverReserved(id);

    /// <summary>Why a payment may not be proven dead; null when it may.</summary>
    // INVARIANT: nothing returns to a budget one second early, whoever asks for it. A cancelled authorization is dead at once.
    public string? ObjectionTo(LedgerEvent.Expired e) =>
        ObjectionTo(e.Payment, PaymentState.Expired)
        ?? (e.Why != LedgerEvent.Expired.Canceled && e.Proof.BlockTime < _payments[e.Payment].ValidBefore ? $"payment `{e.Payment}` can be used until {_payments[e.Payment].ValidBefore:u}" : null);

    public Payment Add(JournalEntry.Reserved entry, JournalLine line)
    {
        var payment = new Payment(line.Sequence, line.At, entry);
        _payments.Add(payment.Id, payment);
        var terms = entry.Authorization.Terms;
        _accounts.TryAdd((terms.Chain, terms.Asset, terms.From), _accounts.Count);
        _nonces.Add((_accounts[(terms.Chain, terms.Asset, terms.From)], entry.Authorization.Nonce), payment);
        return payment;
    }

    public void Move(PaymentId id, PaymentState to, JournalLine line, DeliveryOutcome outcome)
    {
        var payment = _payments[id];
        var from = payment.State;
        payment.Move(to, line.At);
        payment.Tell(outcome, line.Sequence, line.At);
        SpendBook.Moved(payment, from, line.At);
    }

    /// <summary>It was paid and not delivered.</summary>
    public void FailDelivery(PaymentId id, JournalLine line)
    {
        var payment = _payments[id];
        payment.FailDelivery(line.Sequence, line.At);
        SpendBook.Moved(payment, payment.State, line.At);
    }

    private static string NeverReserved(PaymentId id) => $"payment `{id}` was never reserved";

    private Payment? FindByNonce(TransferAuthorization authorization) =>
        FindByNonce(authorization.Terms.Chain, authorization.Terms.Asset, authorization.Terms.From, authorization.Nonce);
}
