using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The lines that tell what the chain shows, and what a person attests where it shows nothing.</summary>
internal static class ChainFields
{
    public static void Write(Utf8JsonWriter json, LedgerEvent.Proven proven)
    {
        json.WriteString("type"u8, LineTypes.Proven);
        json.WriteString("payment"u8, proven.Payment.Value);
        Write(json, proven.Proof);
    }

    public static void Write(Utf8JsonWriter json, LedgerEvent.Expired expired)
    {
        json.WriteString("type"u8, LineTypes.Expired);
        json.WriteString("payment"u8, expired.Payment.Value);
        json.WriteString("why"u8, expired.Why);
        Write(json, expired.Proof);
    }

    public static void Write(Utf8JsonWriter json, LedgerEvent.Voided voided)
    {
        json.WriteString("type"u8, LineTypes.Voided);
        json.WriteString("payment"u8, voided.Payment.Value);
        json.WriteString("by"u8, voided.By);
        json.WriteString("reason"u8, voided.Reason);
    }

    public static void Write(Utf8JsonWriter json, LedgerEvent.Refunded refunded)
    {
        json.WriteString("type"u8, LineTypes.Refunded);
        var refund = refunded.Refund;
        json.WriteString("payment"u8, refunded.Payment.Value);
        json.WriteStartObject("refund"u8);
        json.WriteString("chain"u8, refund.Chain.ToString());
        json.WriteAddress("asset"u8, refund.Asset);
        json.WriteAddress("from"u8, refund.From);
        json.WriteAddress("to"u8, refund.Wallet);
        json.WriteDigits("value"u8, refund.Value.Units);
        json.WriteNumber("log"u8, refund.LogIndex);
        json.WriteEndObject();
        Write(json, refund.Proof);
    }

    public static void Write(Utf8JsonWriter json, LedgerEvent.Drifted drifted)
    {
        var drift = drifted.Drift;
        json.WriteString("type"u8, LineTypes.Drift);
        json.WriteStartObject("drift"u8);
        json.WriteString("chain"u8, drift.Chain.ToString());
        json.WriteAddress("asset"u8, drift.Asset);
        json.WriteAddress("from"u8, drift.Wallet);
        if (drift.Nonce is { } nonce)
        {
            json.WriteWord("nonce"u8, nonce);
        }

        if (drift.To is { } to)
        {
            json.WriteAddress("to"u8, to);
        }

        if (drift.Value is { } value)
        {
            json.WriteDigits("value"u8, value.Units);
        }

        json.WriteNumber("log"u8, drift.LogIndex);
        json.WriteEndObject();
        Write(json, drift.Proof);
    }

    public static void Write(Utf8JsonWriter json, LedgerEvent.RollbackAccepted accepted)
    {
        json.WriteString("type"u8, LineTypes.RollbackAccepted);
        json.WriteNumber("line"u8, accepted.Sequence);
        json.WriteLineHash("head"u8, accepted.Head);
        json.WriteString("by"u8, accepted.By);
        json.WriteString("reason"u8, accepted.Reason);
    }

    public static LedgerEvent.Proven ReadProven(ref LineReader reader) => new(reader.Payment("payment"u8), ReadProof(ref reader));

    public static LedgerEvent.Expired ReadExpired(ref LineReader reader)
    {
        var (payment, why) = (reader.Payment("payment"u8), reader.Text("why"u8));
        return new LedgerEvent.Expired(payment, ReadProof(ref reader), why);
    }

    public static LedgerEvent.Voided ReadVoided(ref LineReader reader) => new(reader.Payment("payment"u8), reader.Text("by"u8), reader.Text("reason"u8));

    public static LedgerEvent.Refunded ReadRefunded(ref LineReader reader)
    {
        var payment = reader.Payment("payment"u8);
        reader.Open("refund"u8);
        var (chain, asset, from, wallet) = (reader.Chain("chain"u8), reader.Address("asset"u8), reader.Address("from"u8), reader.Address("to"u8));
        var (value, log) = (new TokenAmount(reader.Digits("value"u8)), reader.Number("log"u8));
        reader.Close();
        return new LedgerEvent.Refunded(payment, new ChainRefund(chain, asset, from, wallet, value, log, ReadProof(ref reader)));
    }

    public static LedgerEvent.Drifted ReadDrifted(ref LineReader reader)
    {
        reader.Open("drift"u8);
        var (chain, asset, wallet) = (reader.Chain("chain"u8), reader.Address("asset"u8), reader.Address("from"u8));
        var (nonce, to) = (reader.OptionalWord("nonce"u8), reader.OptionalAddress("to"u8));
        TokenAmount? value = reader.Has("value"u8) ? new TokenAmount(reader.Digits("value"u8)) : null;
        var log = reader.Number("log"u8);
        reader.Close();
        return new LedgerEvent.Drifted(new ChainDrift(chain, asset, wallet, nonce, to, value, log, ReadProof(ref reader)));
    }

    public static LedgerEvent.RollbackAccepted ReadRollbackAccepted(ref LineReader reader) =>
        new(reader.Number("line"u8), reader.LineHash("head"u8), reader.Text("by"u8), reader.Text("reason"u8));

    private static void Write(Utf8JsonWriter json, ChainProof proof)
    {
        json.WriteStartObject("proof"u8);
        json.WriteNumber("block"u8, proof.Block);
        json.WriteWord("hash"u8, proof.BlockHash);
        json.WriteTime("time"u8, proof.BlockTime);
        if (proof.Transaction is { } transaction)
        {
            json.WriteWord("transaction"u8, transaction);
        }

        json.WriteEndObject();
    }

    private static ChainProof ReadProof(ref LineReader reader)
    {
        reader.Open("proof"u8);
        var proof = new ChainProof(reader.Number("block"u8), reader.Word("hash"u8), reader.Time("time"u8), reader.OptionalWord("transaction"u8));
        reader.Close();
        return proof;
    }
}
