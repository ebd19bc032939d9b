using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Receipts;

/// <summary>
/// The declared value of tokens under each policy that ever decided, so that a receipt says at which rate its dollars were counted. Told with each
/// activation; what was activated before this process began is looked up in the journal when a receipt needs it.
/// </summary>
internal sealed class ArchivedRegistries(LedgerHost ledger)
{
    private const int MaxKnown = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<Bytes32, AssetRegistry?> _known = [];

    /// <summary>The dollars of one whole token; null where the policy or the token is unknown.</summary>
    public Usd? UsdPerToken(Bytes32? policy, ChainId network, EvmAddress asset) =>
        policy is { } hash && Find(hash) is { } registry && registry.TryFind(network, asset, out var found) ? found.UsdPerToken : null;

    public void Take(LedgerEvent.PolicyActivated activated) => Keep(activated.Hash, AssetRegistry.TryParseCanonical(activated.Registry, out var registry) ? registry : null);

    public void Know(Bytes32 policy, AssetRegistry registry) => Keep(policy, registry);

    private AssetRegistry? Find(Bytes32 policy)
    {
        lock (_gate)
        {
            if (_known.TryGetValue(policy, out var known))
            {
                return known;
            }
        }

        var archived = ledger.ReadAfter(0).Select(line => line.Entry).OfType<JournalEntry.Recorded>().Select(recorded => recorded.Event)
            .OfType<LedgerEvent.PolicyActivated>().FirstOrDefault(activated => activated.Hash == policy);
        return Keep(policy, AssetRegistry.TryParseCanonical(archived?.Registry, out var registry) ? registry : null);
    }

    private AssetRegistry? Keep(Bytes32 policy, AssetRegistry? registry)
    {
        lock (_gate)
        {
            if (_known.Count >= MaxKnown)
            {
                _known.Clear();
            }

            return _known[policy] = registry;
        }
    }
}
