using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>What a wallet lacks for a payment.</summary>
/// <param name="Balance">Its token units at the block.</param>
/// <param name="Outstanding">Units of authorizations that may still be used, as seen from that block.</param>
/// <param name="Block">The block that the balance is of.</param>
internal sealed record FundsShortfall(UInt128 Balance, UInt128 Outstanding, BlockHeader Block);

/// <summary>
/// The last known balances, less everything that was signed and is not known to be used or dead: what may still be promised. A balance is never
/// too old to refuse by: it can only have become too small by uses that are counted as outstanding. Unknown is not empty: before the first
/// reading nothing is refused.
/// </summary>
internal sealed class WalletFunds
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ChainId Chain, WalletAccount Account), Funds> _funds = [];
    private readonly Dictionary<PaymentId, (ChainId Chain, WalletAccount Account, UInt128 Value, long Sequence)> _recent = [];

    /// <summary>Whether even an account with nothing outstanding could not pay this.</summary>
    public FundsShortfall? TooLittle(ChainId chain, EvmAddress asset, EvmAddress wallet, UInt128 value)
    {
        lock (_gate)
        {
            return _funds.TryGetValue((chain, new WalletAccount(asset, wallet)), out var funds) && value > funds.Balance
                ? new FundsShortfall(funds.Balance, 0, funds.Block)
                : null;
        }
    }

    /// <summary>Claims the units of a reservation before it is signed; or what lacks.</summary>
    public FundsShortfall? Claim(Reservation reservation)
    {
        var terms = reservation.Authorization.Terms;
        var (key, value) = ((terms.Chain, new WalletAccount(terms.Asset, terms.From)), terms.Value.Units);
        lock (_gate)
        {
            if (!_funds.TryGetValue(key, out var funds))
            {
                return null;
            }

            var outstanding = Outstanding(key, funds, reservation);
            if (outstanding > funds.Balance || value > funds.Balance - outstanding)
            {
                return new FundsShortfall(funds.Balance, outstanding, funds.Block);
            }

            _recent[reservation.Id] = (terms.Chain, key.Item2, value, reservation.Sequence);
            return null;
        }
    }

    /// <summary>Takes in balances of one block, and the payments that were open when the journal was read up to a line.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="block">The block; every use up to it is in the journal.</param>
    /// <param name="balances">By account.</param>
    /// <param name="open">The payments that are not final.</param>
    /// <param name="sequence">The line.</param>
    public void Publish(ChainId chain, BlockHeader block, IReadOnlyDictionary<WalletAccount, UInt128> balances, IReadOnlyCollection<OpenPayment> open, long sequence)
    {
        var outstanding = open.GroupBy(payment => payment.Account)
            .ToDictionary(group => group.Key, group => group.Aggregate(UInt128.Zero, (sum, payment) => Sum(sum, payment.Terms.Value.Units)));
        lock (_gate)
        {
            foreach (var (account, balance) in balances)
            {
                _funds[(chain, account)] = new Funds(balance, outstanding.GetValueOrDefault(account), block, sequence);
            }

            foreach (var (id, _) in _recent.Where(recent => recent.Value.Chain == chain && recent.Value.Sequence <= sequence).ToList())
            {
                _recent.Remove(id);
            }
        }
    }

    // A reservation that the journal reader has seen stands in both sums; it is not asked to make room for itself.
    private UInt128 Outstanding((ChainId Chain, WalletAccount Account) key, Funds funds, Reservation reservation)
    {
        var sum = funds.Outstanding;
        if (reservation.Sequence <= funds.Sequence)
        {
            sum -= UInt128.Min(sum, reservation.Authorization.Terms.Value.Units);
        }

        foreach (var (id, recent) in _recent)
        {
            sum = id != reservation.Id && (recent.Chain, recent.Account) == key ? Sum(sum, recent.Value) : sum;
        }

        return sum;
    }

    private static UInt128 Sum(UInt128 left, UInt128 right) => right > UInt128.MaxValue - left ? UInt128.MaxValue : left + right;

    private sealed record Funds(UInt128 Balance, UInt128 Outstanding, BlockHeader Block, long Sequence);
}
