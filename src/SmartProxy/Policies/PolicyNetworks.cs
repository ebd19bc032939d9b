using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Policies;

/// <summary>What the reader of challenges counts as payable: the networks of the registry in force, with the tokens that the policy declares.</summary>
internal sealed class PolicyNetworks(PolicyFile? policy)
{
    private readonly ReaderProfile _builtIn = Of(AssetRegistry.Default);
    private volatile ReaderProfile? _last;

    /// <summary>As of now; without a policy the built-in registry.</summary>
    public ReaderProfile Profile
    {
        get
        {
            if (policy?.Current?.Registry is not { } registry)
            {
                return _builtIn;
            }

            return _last is { } last && ReferenceEquals(last.Assets, registry) ? last : _last = Of(registry);
        }
    }

    private static ReaderProfile Of(AssetRegistry registry) => new(registry.Networks) { Assets = registry };
}
