namespace SmartProxy.Protocol;

/// <summary>
/// Everything that an EIP-3009 <c>TransferWithAuthorization</c> signature covers, except the nonce: the token's EIP-712 domain as our asset
/// registry states it, payer, payee, amount and validity. Times are Unix seconds; the contract wants block time strictly between them.
/// </summary>
public sealed record TransferTerms(
    ChainId Chain,
    EvmAddress Asset,
    string DomainName,
    string DomainVersion,
    EvmAddress From,
    EvmAddress To,
    TokenAmount Value,
    long ValidAfter,
    long ValidBefore);

/// <summary>A complete authorization: the terms that were judged, and the nonce that commits to the decision.</summary>
public sealed record TransferAuthorization(TransferTerms Terms, Bytes32 Nonce);
