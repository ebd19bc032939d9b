using System.Buffers;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// The text that a nonce commits to: what was decided, for whom, under which policy, and the whole journal before it. Once the chain shows
/// the nonce, nobody can have written another history for that payment. Documented in <c>docs/journal.md</c>.
/// </summary>
public static class DecisionRecord
{
    /// <summary>The record of a request under the last durable head. Its 32 secret bytes keep the nonce from being guessed.</summary>
    public static string Compose(ReserveRequest request, Bytes32 journalHead)
    {
        var text = new RecordWriter(stackalloc byte[RecordWriter.MaxLength]);
        Write(ref text, request.Secret, request.Id, request.Facts.Agent, request.TermsHash, request.RequestDigest, request.PolicyHash, journalHead, request.Terms);
        return Encoding.ASCII.GetString(text.Written);
    }

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

        var expected = new RecordWriter(stackalloc byte[RecordWriter.MaxLength]);
        Write(ref expected, secret, entry.Id, entry.Facts.Agent, entry.TermsHash, entry.RequestDigest, entry.PolicyHash, journalHead, entry.Authorization.Terms);
        return Ascii.Equals(expected.Written, entry.DecisionRecord) && Bytes32.Keccak256(expected.Written) == entry.Authorization.Nonce;
    }

    private static void Write(
        ref RecordWriter text, Bytes32 secret, PaymentId payment, AgentId agent, Bytes32 terms, Bytes32 request, Bytes32 policy, Bytes32 head, TransferTerms transfer)
    {
        text.Raw("{\"v\":1,\"secret\":\"0x"u8);
        text.Hex(secret);
        text.Raw("\",\"payment\":\""u8);
        text.Payment(payment);
        text.Raw("\",\"agent\":\""u8);
        text.Agent(agent);
        text.Raw("\",\"terms\":\"0x"u8);
        text.Hex(terms);
        text.Raw("\",\"request\":\"0x"u8);
        text.Hex(request);
        text.Raw("\",\"policy\":\"0x"u8);
        text.Hex(policy);
        text.Raw("\",\"head\":\""u8);
        text.Hex(head);
        text.Raw("\",\"chain\":\"eip155:"u8);
        text.Number(transfer.Chain.Value);
        text.Raw("\",\"asset\":\"0x"u8);
        text.Hex(transfer.Asset);
        text.Raw("\",\"from\":\"0x"u8);
        text.Hex(transfer.From);
        text.Raw("\",\"to\":\"0x"u8);
        text.Hex(transfer.To);
        text.Raw("\",\"value\":\""u8);
        text.Number(transfer.Value.Units);
        text.Raw("\",\"validAfter\":"u8);
        text.Number(transfer.ValidAfter);
        text.Raw(",\"validBefore\":"u8);
        text.Number(transfer.ValidBefore);
        text.Raw("}"u8);
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
