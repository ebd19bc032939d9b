using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Where a final chain shows something: a proof that anybody with a node of that chain can check.</summary>
/// <param name="Block">The block's number.</param>
/// <param name="BlockHash">The block's hash.</param>
/// <param name="BlockTime">The block's time.</param>
/// <param name="Transaction">The transaction, where there is one: that something did not happen has none.</param>
public sealed record ChainProof(long Block, Bytes32 BlockHash, DateTimeOffset BlockTime, Bytes32? Transaction = null);

/// <summary>Something that left our wallet, or an authorization of it that was used, and that no decision of this journal explains.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Asset">The token contract.</param>
/// <param name="Wallet">Our wallet.</param>
/// <param name="Nonce">The nonce that was used; null for a plain transfer.</param>
/// <param name="To">Who got it, where that is known.</param>
/// <param name="Value">How much, where that is known.</param>
/// <param name="LogIndex">The event's place among those of its block: with the transaction it names the event for good.</param>
/// <param name="Proof">Where.</param>
public sealed record ChainDrift(ChainId Chain, EvmAddress Asset, EvmAddress Wallet, Bytes32? Nonce, EvmAddress? To, TokenAmount? Value, long LogIndex, ChainProof Proof);

/// <summary>A transfer into our wallet that can be money back.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Asset">The token contract.</param>
/// <param name="From">Who sent it: the payee of the payment.</param>
/// <param name="Wallet">Our wallet.</param>
/// <param name="Value">Token units.</param>
/// <param name="LogIndex">The event's place among those of its block: with the transaction it names the event for good.</param>
/// <param name="Proof">Where.</param>
public sealed record ChainRefund(ChainId Chain, EvmAddress Asset, EvmAddress From, EvmAddress Wallet, TokenAmount Value, long LogIndex, ChainProof Proof);
