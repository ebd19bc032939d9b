using System.Numerics;

namespace SmartProxy.Protocol;

/// <summary>A token as the operator's registry states it: never as a seller states it.</summary>
/// <param name="Chain">The chain of the contract.</param>
/// <param name="Address">The contract, which is EIP-712's <c>verifyingContract</c>.</param>
/// <param name="Symbol">Such as <c>USDC</c>; what <c>assets</c> in the policy names.</param>
/// <param name="DomainName">EIP-712 <c>name</c>.</param>
/// <param name="DomainVersion">EIP-712 <c>version</c>.</param>
/// <param name="Decimals">0 to 36.</param>
public sealed record Asset(ChainId Chain, EvmAddress Address, string Symbol, string DomainName, string DomainVersion, int Decimals)
{
    /// <summary>The declared value of one whole token. A dollar token is worth a dollar by the operator's declaration, not by a feed.</summary>
    public Usd UsdPerToken { get; init; } = new(1_000_000);

    /// <summary>Dollar value, rounded up to the next micro-dollar; saturates, so that an absurd amount is over every limit.</summary>
    public Usd ToUsd(TokenAmount amount)
    {
        var divisor = BigInteger.Pow(10, Decimals);
        var micros = ((BigInteger)amount.Units * (BigInteger)UsdPerToken.Micros + divisor - 1) / divisor;
        return micros > (BigInteger)UInt128.MaxValue ? Usd.MaxValue : new Usd((UInt128)micros);
    }
}
