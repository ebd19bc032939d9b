using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Statements;

/// <summary>
/// What a journal says that a month's statement needs, taken in line by line: the month's payments, those that were still open when it began, and
/// what the chain was seen to do in it.
/// </summary>
internal sealed class StatementBook
{
    // The chain's clock and ours may differ: what the chain settles in the last seconds of a month may be of a decision that we count to the next one.
    private static readonly TimeSpan ClockSlack = TimeSpan.FromHours(1);

    private readonly Month _month;
    private readonly PaymentBook _book;
    private readonly HashSet<(ChainId Chain, WalletAccount Account)> _accounts = [];
    private readonly List<ChainDrift> _drifts = [];
    private readonly List<LedgerEvent.Refunded> _refunds = [];
    private Dictionary<(ChainId Chain, WalletAccount Account, Bytes32 Nonce), PaymentId>? _byNonce;
    private string? _registry;

    public StatementBook(Month month) => (_month, _book) = (month, new PaymentBook((_, at) => at < month.End + ClockSlack));

    public Month Month => _month;

    /// <summary>When the journal began; what its wallets did before is not its business.</summary>
    public DateTimeOffset Opened { get; private set; }

    /// <summary>Number and hash of the last line.</summary>
    public (long Sequence, Bytes32 Hash) Head { get; private set; }

    public IEnumerable<BookedPayment> Payments => _book.Payments.OrderBy(payment => payment.Id.Value, StringComparer.Ordinal);

    /// <summary>Every account that a payment was ever reserved on, or that drifted.</summary>
    public IReadOnlyCollection<(ChainId Chain, WalletAccount Account)> Accounts => _accounts;

    /// <summary>What the chain showed within the month and no decision explained.</summary>
    public IReadOnlyList<ChainDrift> Drifts => _drifts;

    /// <summary>What came back within the month, whenever it had been paid.</summary>
    public IReadOnlyList<LedgerEvent.Refunded> Refunds => _refunds;

    /// <summary>The tokens as the last policy on record declared them.</summary>
    public AssetRegistry Registry => AssetRegistry.TryParseCanonical(_registry, out var registry) ? registry : AssetRegistry.Default;

    public void Take(JournalLine line)
    {
        Head = (line.Sequence, line.Hash);
        switch (line.Entry)
        {
            case JournalEntry.Opened:
                Opened = line.At;
                break;
            case JournalEntry.Reserved { Authorization.Terms: var terms }:
                _accounts.Add((terms.Chain, new WalletAccount(terms.Asset, terms.From)));
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated policy }:
                _registry = policy.Registry;
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Refunded refund } when IsOfTheMonth(refund.Refund.Proof):
                _refunds.Add(refund);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Drifted { Drift: var drift } }:
                Take(drift);
                break;
        }

        if (_book.Take(line) is { } payment && IsOfThePast(payment, line.At))
        {
            _book.Remove(payment.Id);
        }
    }

    /// <summary>The payment that an authorization on chain belongs to; null when none of the month, and none that was open when it began, has this nonce.</summary>
    public BookedPayment? FindByNonce(ChainId chain, WalletAccount account, Bytes32 nonce)
    {
        _byNonce ??= _book.Payments.ToDictionary(payment => (payment.Terms.Chain, new WalletAccount(payment.Terms.Asset, payment.Terms.From), payment.Reserved.Authorization.Nonce), payment => payment.Id);
        return _byNonce.TryGetValue((chain, account, nonce), out var id) ? _book.Find(id) : null;
    }

    /// <summary>Whether an instant of the chain lies in the month.</summary>
    public bool IsOfTheMonth(ChainProof proof) => _month.Contains(proof.BlockTime);

    private void Take(ChainDrift drift)
    {
        _accounts.Add((drift.Chain, new WalletAccount(drift.Asset, drift.Wallet)));
        if (IsOfTheMonth(drift.Proof))
        {
            _drifts.Add(drift);
        }
    }

    private bool IsOfThePast(BookedPayment payment, DateTimeOffset at) => payment.State switch
    {
        PaymentState.Proven => payment.Proof!.BlockTime < _month.Start,
        PaymentState.Expired or PaymentState.Aborted => at < _month.Start,
        _ => false,
    };
}
