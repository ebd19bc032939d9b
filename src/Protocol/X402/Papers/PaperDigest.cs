using System.Buffers.Binary;
using System.Text;

namespace SmartProxy.Protocol.X402.Papers;

/// <summary>
/// What is signed of a paper in EIP-712 form. The domain has a name, version 1 and chain id 1 wherever the money is, and no contract; every text
/// member is hashed as it was sent.
/// </summary>
internal static class PaperDigest
{
    private const string DomainType = "EIP712Domain(string name,string version,uint256 chainId)";
    private const string OfferType = "Offer(uint256 version,string resourceUrl,string scheme,string network,string asset,string payTo,string amount,uint256 validUntil)";
    private const string ReceiptType = "Receipt(uint256 version,string network,string resourceUrl,string payer,uint256 issuedAt,string transaction)";

    internal static readonly Bytes32 OfferDomain = Domain("x402 offer");
    internal static readonly Bytes32 ReceiptDomain = Domain("x402 receipt");

    /// <summary>Null when a member is missing or of another kind.</summary>
    public static Bytes32? OfOffer(SignedPaper offer)
    {
        var (version, until) = (offer.Number("version"), offer.Number("validUntil"));
        string?[] texts = [offer.Member("resourceUrl"), offer.Member("scheme"), offer.Member("network"), offer.Member("asset"), offer.Member("payTo"), offer.Member("amount")];
        return version is { } v && until is { } seconds && texts.All(text => text is not null)
            ? Digest(OfferDomain, Struct(OfferType, [Word(v), .. texts.Select(text => Hash(text!)), Word(seconds)]))
            : null;
    }

    /// <inheritdoc cref="OfOffer"/>
    public static Bytes32? OfReceipt(SignedPaper receipt)
    {
        var (version, issued) = (receipt.Number("version"), receipt.Number("issuedAt"));
        return version is { } v && issued is { } seconds
            && receipt.Member("network") is { } network && receipt.Member("resourceUrl") is { } url && receipt.Member("payer") is { } payer
                ? Digest(ReceiptDomain, Struct(ReceiptType, [Word(v), Hash(network), Hash(url), Hash(payer), Word(seconds), Hash(receipt.Member("transaction") ?? "")]))
                : null;
    }

    private static Bytes32 Domain(string name) => Struct(DomainType, [Hash(name), Hash("1"), Word(1)]);

    private static Bytes32 Struct(string type, IReadOnlyList<Bytes32> members)
    {
        var words = new byte[Bytes32.Length * (members.Count + 1)];
        Hash(type).CopyTo(words);
        for (var i = 0; i < members.Count; i++)
        {
            members[i].CopyTo(words.AsSpan(Bytes32.Length * (i + 1)));
        }

        return Bytes32.Keccak256(words);
    }

    private static Bytes32 Digest(Bytes32 domain, Bytes32 structHash) => Bytes32.Keccak256([0x19, 0x01, .. domain.ToArray(), .. structHash.ToArray()]);

    private static Bytes32 Hash(string text) => Bytes32.Keccak256(Encoding.UTF8.GetBytes(text));

    private static Bytes32 Word(long value)
    {
        Span<byte> word = stackalloc byte[Bytes32.Length];
        word.Clear();
        BinaryPrimitives.WriteInt64BigEndian(word[^sizeof(long)..], value);
        return new Bytes32(word);
    }
}
