using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Policies;

/// <summary>What the reader of challenges counts as payable: the networks of the registry in force, with the tokens that the policy declares.</summary>
/// <param name="current">The registry in force; null without a policy.</param>
internal sealed class PolicyNetworks(Func<AssetRegistry?> current)
{
    private readonly ReaderProfile _builtIn = Of(AssetRegistry.Default);
    private volatile ReaderProfile? _last;

    public PolicyNetworks(PolicyFile? policy)
        : this(() => policy?.Current?.Registry)
    {
    }

    /// <summary>As of now; without a policy the built-in registry.</summary>
    public ReaderProfile Profile
    {
        get
        {
            if (current() is not { } registry)
            {
                return _builtIn;
            }

            return _last is { } last && ReferenceEquals(last.Assets, registry) ? last : _last = Of(registry);
        }
    }

    private static ReaderProfile Of(AssetRegistry registry) => new(registry.Networks) { Assets = registry };
}
