using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Accounting.Evidence;

/// <summary>The receipts of a scope and what they refer to, made from a journal line by line, exactly as the running system makes them.</summary>
internal sealed class EvidenceBook(EvidenceScope scope)
{
    private readonly Dictionary<PaymentId, ReceiptThread> _threads = [];
    private readonly Dictionary<PaymentId, List<ReceiptFacts>> _receipts = [];
    private readonly Dictionary<Bytes32, LedgerEvent.PolicyActivated> _policies = [];
    private readonly Dictionary<Bytes32, AssetRegistry?> _registries = [];

    public void Take(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved:
                _threads[reserved.Id] = new ReceiptThread(reserved, line);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated policy }:
                _policies[policy.Hash] = policy;
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Refused refused }:
                _receipts[refused.Decision] = [ReceiptMapping.Of(refused, line)];
                Forget(refused.Decision);
                break;
            default:
                TakeOutcome(line);
                break;
        }
    }

    /// <summary>The receipts by the names of their files, in order.</summary>
    public IReadOnlyList<ReceiptFacts> Receipts() =>
    [
        .. _receipts.Values.Where(scope.Holds).SelectMany(facts => facts).Select(facts => facts.Rated(UsdPerToken))
            .OrderBy(facts => ReceiptId.Of(facts.Payment, facts.Number) + ".jws", StringComparer.Ordinal),
    ];

    /// <summary>The policies that judged, by hash.</summary>
    public IReadOnlyList<LedgerEvent.PolicyActivated> Policies(IEnumerable<ReceiptFacts> receipts) =>
    [
        .. receipts.Select(facts => facts.PolicyHash).OfType<Bytes32>().Distinct().Select(hash => _policies[hash]).OrderBy(policy => policy.Hash.ToString(), StringComparer.Ordinal),
    ];

    private void TakeOutcome(JournalLine line)
    {
        if (ReceiptMapping.SubjectOf(line.Entry) is not { } id || !_threads.TryGetValue(id, out var thread))
        {
            return;
        }

        _threads[id] = thread.After(line, out var receipt);
        if (receipt is not null)
        {
            (_receipts.TryGetValue(id, out var earlier) ? earlier : _receipts[id] = []).Add(receipt);
            Forget(id);
        }
    }

    private void Forget(PaymentId id)
    {
        if (scope.IsPast(_receipts[id][^1]))
        {
            _receipts.Remove(id);
            _threads.Remove(id);
        }
    }

    private Usd? UsdPerToken(Bytes32? policy, ChainId network, EvmAddress asset) =>
        policy is { } hash && RegistryOf(hash) is { } registry && registry.TryFind(network, asset, out var found) ? found.UsdPerToken : null;

    private AssetRegistry? RegistryOf(Bytes32 policy) => _registries.TryGetValue(policy, out var known) ? known
        : _registries[policy] = AssetRegistry.TryParseCanonical(_policies.GetValueOrDefault(policy)?.Registry, out var registry) ? registry : null;
}
