using SmartProxy.Wallet;

namespace SmartProxy.Payments;

/// <summary>The configured wallets by name; the policy assigns agents to them.</summary>
internal sealed class Wallets(IReadOnlyDictionary<string, IWallet> byName)
{
    /// <summary>The wallet by its name; without a name the only one, if there is only one.</summary>
    public IWallet? Find(string? name) =>
        name is not null ? byName.GetValueOrDefault(name)
        : byName.Count == 1 ? byName.Values.Single()
        : null;

    public IEnumerable<KeyValuePair<string, IWallet>> All => byName;
}
