using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Wallet.Signing;

/// <summary>
/// The one message that a wallet signs, as EIP-712 hashes it: <c>TransferWithAuthorization</c> of EIP-3009. Text is hashed as UTF-8; numbers
/// and addresses are 32 bytes, big-endian, padded on the left.
/// </summary>
public static class TransferWithAuthorization
{
    private const string DomainType = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

    private const string StructType =
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";

    private const int Word = Bytes32.Length;

    internal static readonly Bytes32 DomainTypeHash = TextHash(DomainType);

    internal static readonly Bytes32 StructTypeHash = TextHash(StructType);

    /// <summary>What the payer signs, and what the token contract recovers the payer from.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    public static Bytes32 Digest(TransferAuthorization authorization) =>
        Digest(DomainSeparator(authorization.Terms), StructHash(authorization));

    /// <summary>Whose signature this is. False for any other form than 65 bytes with low s and v 27 or 28, and for negative times.</summary>
    /// <param name="authorization">What was signed.</param>
    /// <param name="signature"><c>0x</c> and 130 hex digits: r ‖ s ‖ v.</param>
    /// <param name="signer">The account whose key made it.</param>
    public static bool TryRecover(TransferAuthorization authorization, string? signature, out EvmAddress signer)
    {
        signer = default;
        return authorization.Terms is { ValidAfter: >= 0, ValidBefore: >= 0 } && TryRecover(Digest(authorization), signature, out signer);
    }

    /// <inheritdoc cref="TryRecover(TransferAuthorization, string?, out EvmAddress)"/>
    /// <param name="digest">The digest that was signed.</param>
    /// <param name="signature"><c>0x</c> and 130 hex digits: r ‖ s ‖ v.</param>
    /// <param name="signer">The account whose key made it.</param>
    public static bool TryRecover(Bytes32 digest, string? signature, out EvmAddress signer) => Secp256k1.TryRecover(digest, signature, out signer);

    internal static Bytes32 Digest(Bytes32 domainSeparator, Bytes32 structHash)
    {
        Span<byte> message = stackalloc byte[2 + (2 * Word)];
        (message[0], message[1]) = (0x19, 0x01);
        domainSeparator.CopyTo(message[2..]);
        structHash.CopyTo(message[(2 + Word)..]);
        return Bytes32.Keccak256(message);
    }

    internal static Bytes32 DomainSeparator(TransferTerms terms) =>
        DomainSeparator(terms.DomainName, terms.DomainVersion, terms.Chain, terms.Asset);

    internal static Bytes32 DomainSeparator(string name, string version, ChainId chain, EvmAddress verifyingContract)
    {
        Span<byte> words = stackalloc byte[5 * Word];
        words.Clear();
        DomainTypeHash.CopyTo(words);
        TextHash(name).CopyTo(words[Word..]);
        TextHash(version).CopyTo(words[(2 * Word)..]);
        BinaryPrimitives.WriteUInt64BigEndian(words[((4 * Word) - sizeof(ulong))..], chain.Value);
        verifyingContract.CopyTo(words[((5 * Word) - EvmAddress.Length)..]);
        return Bytes32.Keccak256(words);
    }

    internal static Bytes32 StructHash(TransferAuthorization authorization)
    {
        var terms = authorization.Terms;
        ArgumentOutOfRangeException.ThrowIfNegative(terms.ValidAfter, nameof(authorization));
        ArgumentOutOfRangeException.ThrowIfNegative(terms.ValidBefore, nameof(authorization));
        return StructHash(
            terms.From, terms.To, ToWord(terms.Value.Units), ToWord((UInt128)terms.ValidAfter), ToWord((UInt128)terms.ValidBefore), authorization.Nonce);
    }

    internal static Bytes32 StructHash(EvmAddress from, EvmAddress to, Bytes32 value, Bytes32 validAfter, Bytes32 validBefore, Bytes32 nonce)
    {
        Span<byte> words = stackalloc byte[7 * Word];
        words.Clear();
        StructTypeHash.CopyTo(words);
        from.CopyTo(words[((2 * Word) - EvmAddress.Length)..]);
        to.CopyTo(words[((3 * Word) - EvmAddress.Length)..]);
        value.CopyTo(words[(3 * Word)..]);
        validAfter.CopyTo(words[(4 * Word)..]);
        validBefore.CopyTo(words[(5 * Word)..]);
        nonce.CopyTo(words[(6 * Word)..]);
        return Bytes32.Keccak256(words);
    }

    /// <summary>The full range of <c>uint256</c>, which the vectors use and production never does.</summary>
    internal static Bytes32 ToWord(BigInteger value)
    {
        Span<byte> word = stackalloc byte[Word];
        word.Clear();
        value.TryWriteBytes(word[(Word - value.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
        return new Bytes32(word);
    }

    private static Bytes32 ToWord(UInt128 value)
    {
        Span<byte> word = stackalloc byte[Word];
        word.Clear();
        BinaryPrimitives.WriteUInt128BigEndian(word[(Word / 2)..], value);
        return new Bytes32(word);
    }

    private static Bytes32 TextHash(string text) => Bytes32.Keccak256(Encoding.UTF8.GetBytes(text));
}
