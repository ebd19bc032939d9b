using System.Buffers;
using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The text that a nonce commits to: what was decided, for whom, under which policy, and the whole journal before it. Once the chain shows
/// the nonce, nobody can have written another history for that payment. Documented in <c>docs/journal.md</c>.
/// </summary>
public static class DecisionRecord
{
    public const int Version = 1;

    /// <summary>The record of a request under the last durable head. Its 32 secret bytes keep the nonce from being guessed.</summary>
    public static string Compose(ReserveRequest request, Bytes32 journalHead) => Encoding.UTF8.GetString(Write(
        request.Secret, request.Id, request.Facts.Agent, request.TermsHash, request.RequestDigest, request.PolicyHash, journalHead, request.Terms).WrittenSpan);

    /// <summary>The nonce of a record: Keccak-256 of its UTF-8 bytes.</summary>
    public static Bytes32 NonceOf(string record)
    {
        var length = Encoding.UTF8.GetMaxByteCount(record.Length);
        var bytes = ArrayPool<byte>.Shared.Rent(length);
        var nonce = Bytes32.Keccak256(bytes.AsSpan(0, Encoding.UTF8.GetBytes(record, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
        return nonce;
    }

    /// <summary>
    /// Whether the record embedded in a line is exactly the one that the rest of the line makes, and the nonce its hash. Gives the journal
    /// head that the record commits to.
    /// </summary>
    public static bool Explains(JournalEntry.Reserved entry, out Bytes32 journalHead)
    {
        if (!TryReadSecrets(entry.DecisionRecord, out var secret, out journalHead))
        {
            return false;
        }

        var expected = Write(
            secret, entry.Id, entry.Facts.Agent, entry.TermsHash, entry.RequestDigest, entry.PolicyHash, journalHead, entry.Authorization.Terms);
        return Encoding.UTF8.GetString(expected.WrittenSpan) == entry.DecisionRecord && Bytes32.Keccak256(expected.WrittenSpan) == entry.Authorization.Nonce;
    }

    private static ArrayBufferWriter<byte> Write(
        Bytes32 secret, PaymentId payment, AgentId agent, Bytes32 terms, Bytes32 request, Bytes32 policy, Bytes32 head, TransferTerms transfer)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, JsonFields.Options))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, Version);
            json.WriteWord("secret"u8, secret);
            json.WriteString("payment"u8, payment.Value);
            json.WriteString("agent"u8, agent.Value);
            json.WriteWord("terms"u8, terms);
            json.WriteWord("request"u8, request);
            json.WriteWord("policy"u8, policy);
            json.WriteLineHash("head"u8, head);
            json.WriteString("chain"u8, transfer.Chain.ToString());
            json.WriteAddress("asset"u8, transfer.Asset);
            json.WriteAddress("from"u8, transfer.From);
            json.WriteAddress("to"u8, transfer.To);
            json.WriteDigits("value"u8, transfer.Value.Units);
            json.WriteNumber("validAfter"u8, transfer.ValidAfter);
            json.WriteNumber("validBefore"u8, transfer.ValidBefore);
            json.WriteEndObject();
        }

        return buffer;
    }

    // Everything else in the record stands in its line too, and is compared by composing the record again. So it need not be parsed: whatever is
    // found in a text that is no record, the comparison fails.
    private static bool TryReadSecrets(string record, out Bytes32 secret, out Bytes32 head)
    {
        head = default;
        return TryReadWord(record, "\"secret\":\"0x", out secret) && TryReadWord(record, "\"head\":\"", out head);
    }

    private static bool TryReadWord(string record, string before, out Bytes32 word)
    {
        word = default;
        var start = record.IndexOf(before, StringComparison.Ordinal) + before.Length;
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        if (start < before.Length || record.Length - start < 2 * Bytes32.Length || Convert.FromHexString(record.AsSpan(start, 2 * Bytes32.Length), bytes, out _, out _) != OperationStatus.Done)
        {
            return false;
        }

        word = new Bytes32(bytes);
        return true;
    }
}
