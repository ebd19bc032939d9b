using System.Numerics;

namespace SmartProxy.Protocol;

/// <summary>
/// One way to pay that a 402 offers and that we could carry out, as it was read. All rails of one 402 join in this model; what is signed later
/// is built from this object and never from the challenge read a second time.
/// </summary>
public sealed record PaymentOffer
{
    /// <summary>The payment protocol, such as <c>x402</c>.</summary>
    public required string Rail { get; init; }

    /// <summary>The protocol's version: 1 or 2 for x402.</summary>
    public required int Version { get; init; }

    /// <summary>Position among the entries of the document, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>For instance <c>exact</c>.</summary>
    public required string Scheme { get; init; }

    public required ChainId Network { get; init; }

    /// <summary>The network as it was written: a CAIP-2 id, or a name in version 1.</summary>
    public required string NetworkText { get; init; }

    /// <summary>Atomic units, 0 to 2^256−1. Policy refuses what exceeds 2^128−1.</summary>
    public required BigInteger Amount { get; init; }

    public required EvmAddress Asset { get; init; }

    public required EvmAddress PayTo { get; init; }

    /// <summary>How long the seller wants the authorization to be valid, in seconds, at least 1.</summary>
    public required long MaxTimeoutSeconds { get; init; }

    /// <summary>The token's EIP-712 domain as the seller states it; only compared, never signed.</summary>
    public required string DomainName { get; init; }

    /// <inheritdoc cref="DomainName"/>
    public required string DomainVersion { get; init; }

    /// <summary>Whether the seller settles before it works (<c>extra.paymentFlow: upfront</c>).</summary>
    public bool IsUpfront { get; init; }

    /// <summary>The entry's JSON exactly as received, to be echoed as <c>accepted</c>.</summary>
    public required string Original { get; init; }
}
