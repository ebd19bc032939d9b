using System.Buffers;
using System.Globalization;
using System.Text.Json;
using SmartProxy.Receipts;

namespace SmartProxy.Accounting.Evidence;

/// <summary><c>proofs.json</c>: what final blocks showed of payments, with all that is needed to ask a node again.</summary>
internal static class ProofList
{
    public static byte[] Write(IEnumerable<ReceiptFacts> receipts)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("proofs");
            foreach (var facts in receipts)
            {
                if (facts is { Proof: { } proof, Reserved: { } reserved })
                {
                    Write(json, facts, proof, reserved);
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ReceiptFacts facts, SettlementProof proof, ReservedTransfer reserved)
    {
        var terms = reserved.Authorization.Terms;
        json.WriteStartObject();
        json.WriteString("payment", facts.Payment.Value);
        json.WriteNumber("line", facts.OutcomeLine.Sequence);
        json.WriteBoolean("used", proof.Used);
        json.WriteString("network", terms.Chain.ToString());
        json.WriteString("asset", terms.Asset.ToString());
        json.WriteString("from", terms.From.ToString());
        json.WriteString("to", terms.To.ToString());
        json.WriteString("value", terms.Value.ToString());
        json.WriteString("nonce", reserved.Authorization.Nonce.ToString());
        json.WriteString("validBefore", terms.ValidBefore.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("block", proof.Block);
        json.WriteString("blockHash", proof.BlockHash.ToString());
        json.WriteString("blockTime", proof.BlockTime.UtcDateTime.ToString(Receipt.TimeFormat, CultureInfo.InvariantCulture));
        if (proof.Transaction is { } transaction)
        {
            json.WriteString("transaction", transaction);
        }

        json.WriteEndObject();
    }
}
