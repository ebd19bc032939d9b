using System.Numerics;
using SmartProxy.Chain;
using SmartProxy.Protocol;

namespace SmartProxy.Accounting.Statements;

/// <summary>
/// A month of every wallet and token: opening + in − settled − unexplained = closing, in token units, with everything that a person should look at
/// listed one by one. What can't be known is null and said, never made up.
/// </summary>
/// <param name="Month">Which.</param>
/// <param name="JournalHead">The last line that was read.</param>
/// <param name="Chains">What was read of each chain.</param>
/// <param name="Accounts">By network, token and wallet.</param>
/// <param name="Exceptions">In the same order, and then by time.</param>
internal sealed record Statement(
    Month Month, (long Sequence, Bytes32 Hash) JournalHead, IReadOnlyList<StatedChain> Chains, IReadOnlyList<StatedAccount> Accounts, IReadOnlyList<StatedException> Exceptions)
{
    /// <summary>Whether every account is known and ties out.</summary>
    public bool TiesOut => Accounts.All(account => account.Difference == BigInteger.Zero);
}

/// <param name="Chain">Which.</param>
/// <param name="Opening">The last block before the month, where it is known.</param>
/// <param name="Closing">The last final block of the month, where it is known.</param>
/// <param name="IsWhole">Whether the month is over on chain.</param>
/// <param name="Unknown">Why nothing could be read, in words; null when it was.</param>
internal sealed record StatedChain(ChainId Chain, BlockHeader? Opening, BlockHeader? Closing, bool IsWhole, string? Unknown);

/// <summary>One wallet and one token; amounts in token units, null where nobody could be asked.</summary>
internal sealed record StatedAccount(ChainId Chain, WalletAccount Account, string? Symbol, int? Decimals)
{
    /// <summary>The balance at the last block before the month.</summary>
    public BigInteger? Opening { get; init; }

    /// <summary>What came in.</summary>
    public BigInteger? In { get; init; }

    /// <summary>What the chain shows to have left by decisions of the journal; without nodes, what the journal holds proofs of.</summary>
    public BigInteger Settled { get; init; }

    /// <summary>What left by no decision.</summary>
    public BigInteger? Unexplained { get; init; }

    /// <summary>The balance at the last final block of the month.</summary>
    public BigInteger? Closing { get; init; }

    /// <summary>What was signed and, at the end of the month, neither proven nor dead.</summary>
    public BigInteger Open { get; init; }

    /// <summary>Closing less what the sum comes to: zero ties out; null when a part of it is not known.</summary>
    public BigInteger? Difference => Closing - (Opening + In - Settled - Unexplained);
}

/// <summary>Something that a person should look at.</summary>
/// <param name="Kind">A stable word; <c>docs/books.md</c> has them all.</param>
/// <param name="Chain">Where.</param>
/// <param name="Account">Whose.</param>
/// <param name="Amount">Token units, where they are known.</param>
/// <param name="Detail">One line for people.</param>
internal sealed record StatedException(string Kind, ChainId Chain, WalletAccount Account, BigInteger? Amount, string Detail)
{
    public PaymentId? Payment { get; init; }

    public EvmAddress? To { get; init; }

    public long? Block { get; init; }

    public Bytes32? Transaction { get; init; }
}

/// <param name="Statement">What it says.</param>
/// <param name="Payload">The same as JSON.</param>
/// <param name="Jws">The same, signed.</param>
internal sealed record SignedStatement(Statement Statement, byte[] Payload, string Jws);
