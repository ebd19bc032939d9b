using System.Numerics;
using SmartProxy.Chain;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Statements;

/// <summary>Puts what the journal says and what the chains show side by side.</summary>
/// <param name="book">The journal.</param>
/// <param name="read">The chains that could be read.</param>
/// <param name="unknown">Those that could not, and why.</param>
internal sealed class StatementMaker(StatementBook book, IReadOnlyDictionary<ChainId, ChainMonth> read, IReadOnlyDictionary<ChainId, string> unknown)
{
    private readonly AssetRegistry _registry = book.Registry;
    private readonly List<StatedException> _exceptions = [];

    public Statement Make()
    {
        var accounts = book.Accounts.Union(read.SelectMany(chain => chain.Value.Balances.Keys.Select(account => (Chain: chain.Key, Account: account))))
            .OrderBy(entry => entry.Chain.Value).ThenBy(entry => entry.Account.Asset.ToString(), StringComparer.Ordinal).ThenBy(entry => entry.Account.Wallet.ToString(), StringComparer.Ordinal)
            .ToList();
        var stated = accounts.Select(entry => Account(entry.Chain, entry.Account)).ToList();
        var chains = accounts.Select(entry => entry.Chain).Union(read.Keys).Distinct().Select(Chain).ToList();
        return new Statement(book.Month, book.Head, chains, stated, _exceptions);
    }

    private StatedChain Chain(ChainId chain) => read.TryGetValue(chain, out var month)
        ? new StatedChain(chain, month.Opening, month.Closing, month.IsWhole, Unknown: null)
        : new StatedChain(chain, null, null, IsWhole: false, unknown.GetValueOrDefault(chain, "no node of this chain was named, so balances and transfers are not known"));

    private StatedAccount Account(ChainId chain, WalletAccount account)
    {
        var payments = book.Payments.Where(payment => payment.Terms.Chain == chain && payment.Terms.Asset == account.Asset && payment.Terms.From == account.Wallet).ToList();
        var known = read.GetValueOrDefault(chain);
        var flows = known is null ? null : Outflow.Judge(known.LogsOf(account), nonce => book.FindByNonce(chain, account, nonce));
        var settled = (flows?.Where(flow => flow.IsSettled).Select(flow => flow.Payment!) ?? payments.Where(IsProvenInMonth)).ToDictionary(payment => payment.Id);
        var open = payments.Where(payment => payment.At < book.Month.End && !settled.ContainsKey(payment.Id) && IsOpenAtEnd(payment)).ToList();

        _exceptions.AddRange(PaymentExceptions.Of(book, chain, account, payments, settled, open, isRead: known is not null));
        _exceptions.AddRange(FlowExceptions.Of(book, chain, account, flows));

        _registry.TryFind(chain, account.Asset, out var asset);
        var figures = new StatedAccount(chain, account, asset?.Symbol, asset?.Decimals) { Settled = Sum(settled.Values), Open = Sum(open.Where(payment => payment.IsOpen && payment.Voided is null || IsProvenLater(payment))) };
        return known is null || flows is null
            ? figures
            : figures with
            {
                Opening = known.Balances[account].Opening,
                In = Sum(known.LogsOf(account).Where(log => log.Kind is WalletLogKind.Received)),
                Unexplained = Sum(flows.Where(flow => !flow.IsSettled).Select(flow => flow.Moved).OfType<WalletLog>()),
                Closing = known.Balances[account].Closing,
            };
    }

    private bool IsProvenInMonth(BookedPayment payment) => payment is { State: Ledger.PaymentState.Proven, Proof: { } proof } && book.IsOfTheMonth(proof);

    private bool IsProvenLater(BookedPayment payment) => payment is { State: Ledger.PaymentState.Proven, Proof: { } proof } && proof.BlockTime >= book.Month.End;

    private bool IsOpenAtEnd(BookedPayment payment) => payment.IsOpen || IsProvenLater(payment);

    private static BigInteger Sum(IEnumerable<BookedPayment> payments) => payments.Aggregate(BigInteger.Zero, (sum, payment) => sum + payment.Terms.Value.Units);

    private static BigInteger Sum(IEnumerable<WalletLog> logs) => logs.Aggregate(BigInteger.Zero, (sum, log) => sum + log.Value);
}
