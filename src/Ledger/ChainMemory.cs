using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What the books remember of the chain beyond payments, so that a restart raises no alarm twice.</summary>
internal sealed class ChainMemory
{
    private readonly HashSet<(ChainId Chain, Bytes32? Transaction, long LogIndex)> _drifts = [];
    private readonly HashSet<(ChainId Chain, Bytes32? Transaction, long LogIndex)> _refunds = [];
    private readonly Dictionary<PaymentId, UInt128> _refunded = [];
    private readonly HashSet<(long Sequence, Bytes32 Head)> _accepted = [];

    public bool Knows(ChainDrift drift) => _drifts.Contains(KeyOf(drift));

    public void Add(ChainDrift drift) => _drifts.Add(KeyOf(drift));

    public bool Knows(ChainRefund refund) => _refunds.Contains((refund.Chain, refund.Proof.Transaction, refund.LogIndex));

    public void Add(LedgerEvent.Refunded refunded)
    {
        var refund = refunded.Refund;
        _refunds.Add((refund.Chain, refund.Proof.Transaction, refund.LogIndex));
        _refunded[refunded.Payment] = RefundedOf(refunded.Payment) + refund.Value.Units;
    }

    public UInt128 RefundedOf(PaymentId payment) => _refunded.GetValueOrDefault(payment);

    public bool IsRollbackAccepted(long sequence, Bytes32 head) => _accepted.Contains((sequence, head));

    public void Accept(LedgerEvent.RollbackAccepted accepted) => _accepted.Add((accepted.Sequence, accepted.Head));

    private static (ChainId, Bytes32?, long) KeyOf(ChainDrift drift) => (drift.Chain, drift.Proof.Transaction, drift.LogIndex);
}
