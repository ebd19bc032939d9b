using System.Text.Json;
using SmartProxy.Ledger;
using static SmartProxy.Receipts.ReceiptFields;

namespace SmartProxy.Receipts;

/// <summary>The member <c>settlement</c> of a receipt: what the seller claims, what it signed, and what the chain proves.</summary>
internal static class ReceiptSettlement
{
    public static void Write(Utf8JsonWriter json, ReceiptFacts facts)
    {
        json.WriteStartObject("settlement");
        if (facts.Status is { } status)
        {
            json.WriteNumber("status", status);
        }

        if (facts.Delivered is { } delivered)
        {
            json.WriteBoolean("delivered", delivered);
        }

        WriteText(json, "undelivered", facts.Undelivered);
        WritePaper(json, "sellerOffer", facts.SellerOffer);
        WritePaper(json, "sellerReceipt", facts.SellerReceipt);

        WriteClaim(json, facts.Claim);
        WriteProof(json, facts.Proof);
        json.WriteEndObject();
    }

    // The paper itself is in the journal: here stands what was made of it.
    private static void WritePaper(Utf8JsonWriter json, string name, SellerPaper? paper)
    {
        if (paper is null)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("verdict", paper.Verdict);
        WriteText(json, "why", paper.Why);
        WriteSeller(json, "signer", paper.Signer);
        json.WriteEndObject();
    }

    private static void WriteClaim(Utf8JsonWriter json, SettlementClaim? claim)
    {
        if (claim is null)
        {
            json.WriteNull("claimed");
            return;
        }

        json.WriteStartObject("claimed");
        json.WriteBoolean("success", claim.Success);
        WriteSeller(json, "transaction", claim.Transaction);
        WriteSeller(json, "network", claim.Network);
        WriteSeller(json, "payer", claim.Payer);
        WriteText(json, "amount", claim.Amount?.ToString());
        WriteSeller(json, "errorReason", claim.ErrorReason);
        json.WriteEndObject();
    }

    private static void WriteProof(Utf8JsonWriter json, SettlementProof? proof)
    {
        if (proof is null)
        {
            json.WriteNull("proven");
            return;
        }

        json.WriteStartObject("proven");
        json.WriteBoolean("used", proof.Used);
        json.WriteNumber("block", proof.Block);
        json.WriteString("blockHash", proof.BlockHash.ToString());
        WriteTime(json, "blockTime", proof.BlockTime);
        WriteText(json, "transaction", proof.Transaction);
        json.WriteEndObject();
    }
}
