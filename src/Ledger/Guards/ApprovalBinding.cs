using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>What a person agrees to, as one hash: who pays whom how much of which token where, and for which request.</summary>
internal static class ApprovalBinding
{
    public static Bytes32 Of(ReserveRequest request) => Of(request.Facts, request.Terms, request.RequestDigest);

    public static Bytes32 Of(JournalEntry.Reserved entry) => Of(entry.Facts, entry.Authorization.Terms, entry.RequestDigest);

    // Each field with its length before it, so that no two payments make the same bytes.
    private static Bytes32 Of(PaymentFacts facts, TransferTerms terms, Bytes32 request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        Add(hash, Encoding.UTF8.GetBytes(facts.Agent.Value));
        Add(hash, Encoding.UTF8.GetBytes(facts.Origin.ToString()));
        terms.To.CopyTo(bytes);
        Add(hash, bytes[..EvmAddress.Length]);
        Add(hash, Encoding.UTF8.GetBytes(terms.Chain.ToString()));
        terms.Asset.CopyTo(bytes);
        Add(hash, bytes[..EvmAddress.Length]);
        Add(hash, Encoding.UTF8.GetBytes(terms.Value.Units.ToString(CultureInfo.InvariantCulture)));
        request.CopyTo(bytes);
        Add(hash, bytes);
        hash.GetHashAndReset(bytes);
        return new Bytes32(bytes);
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<byte> field)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, field.Length);
        hash.AppendData(length);
        hash.AppendData(field);
    }
}
