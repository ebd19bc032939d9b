namespace SmartProxy.Protocol.X402;

/// <summary>What the reader counts as payable. Caps, allow-lists and approvals come later, in the policy.</summary>
/// <param name="Networks">The networks that we can pay on.</param>
public sealed record ReaderProfile(IReadOnlySet<ChainId> Networks)
{
    /// <summary>The most entries that a document may have; more is malformed.</summary>
    public int MaxOffers { get; init; } = 64;

    /// <summary>Whether small offences of servers in the field are forgiven (and named in <see cref="Challenge.Lenient"/>), or make the document malformed.</summary>
    public bool IsLenient { get; init; } = true;

    /// <summary>Only to flag a stated token name that differs from the registered one.</summary>
    public AssetRegistry Assets { get; init; } = AssetRegistry.Default;
}
