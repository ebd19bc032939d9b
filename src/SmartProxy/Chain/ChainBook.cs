using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Chain;

/// <summary>A token contract and a wallet that pays with it.</summary>
internal readonly record struct WalletAccount(EvmAddress Asset, EvmAddress Wallet);

/// <summary>A payment whose outcome the chain has not proven, and what was found about it so far.</summary>
internal sealed class OpenPayment(JournalEntry.Reserved reserved, JournalLine line)
{
    public PaymentId Id { get; } = reserved.Id;

    public TransferTerms Terms { get; } = reserved.Authorization.Terms;

    public Bytes32 Nonce { get; } = reserved.Authorization.Nonce;

    public WalletAccount Account => new(Terms.Asset, Terms.From);

    public DateTimeOffset ReservedAt { get; } = line.At;

    /// <summary>From this chain time on the contract refuses the authorization.</summary>
    public DateTimeOffset ValidBefore { get; } = DateTimeOffset.FromUnixTimeSeconds(reserved.Authorization.Terms.ValidBefore);

    public PaymentState State { get; set; }

    /// <summary>Whether the answer that it paid for may still be on its way.</summary>
    public bool IsUnderWay => State is PaymentState.Reserved or PaymentState.Sent;

    /// <summary>Used, with exactly its transfer.</summary>
    public ChainProof? Used { get; set; }

    /// <summary>Cancelled, so that it can never be used.</summary>
    public ChainProof? Canceled { get; set; }

    /// <summary>What the chain shows and what does not fit; it stays held.</summary>
    public string? Mismatch { get; set; }

    public bool IsFound => Used is not null || Canceled is not null || Mismatch is not null;
}

/// <summary>What the journal says about one chain: follows its durable lines, and keeps the payments that are not final.</summary>
internal sealed class ChainBook(LedgerHost ledger, ChainId chain)
{
    private readonly Dictionary<PaymentId, OpenPayment> _open = [];
    private readonly HashSet<WalletAccount> _accounts = [];

    /// <summary>Number of the last line that was taken in.</summary>
    public long Sequence { get; private set; }

    /// <summary>When the journal began: what the wallets did before is not its business.</summary>
    public DateTimeOffset Opened { get; private set; }

    /// <summary>The newest block of this chain that a line names as proof.</summary>
    public DateTimeOffset? LastProof { get; private set; }

    public IReadOnlyCollection<OpenPayment> Open => _open.Values;

    /// <summary>The accounts that payments were reserved on.</summary>
    public IReadOnlyCollection<WalletAccount> Accounts => _accounts;

    public OpenPayment? Find(PaymentId id) => _open.GetValueOrDefault(id);

    public void CatchUp()
    {
        foreach (var line in ledger.ReadAfter(Sequence))
        {
            Take(line);
            Sequence = line.Sequence;
        }
    }

    private void Take(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Opened:
                Opened = line.At;
                break;
            case JournalEntry.Reserved reserved when reserved.Authorization.Terms.Chain == chain:
                var payment = new OpenPayment(reserved, line);
                _open.Add(payment.Id, payment);
                _accounts.Add(payment.Account);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Sent e }:
                Move(e.Payment, PaymentState.Sent);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.InDoubt e }:
                Move(e.Payment, PaymentState.InDoubt);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Settled e }:
                Move(e.Payment, PaymentState.Settled);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Voided e }:
                Move(e.Payment, PaymentState.Voided);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Aborted e }:
                _open.Remove(e.Payment);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Proven e }:
                Close(e.Payment, e.Proof);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Expired e }:
                Close(e.Payment, e.Proof);
                break;
        }
    }

    private void Move(PaymentId id, PaymentState to)
    {
        if (Find(id) is { } payment)
        {
            payment.State = to;
        }
    }

    private void Close(PaymentId id, ChainProof proof)
    {
        if (_open.Remove(id) && (LastProof is not { } last || proof.BlockTime > last))
        {
            LastProof = proof.BlockTime;
        }
    }
}
