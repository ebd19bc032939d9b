using System.Text;

namespace SmartProxy.Receipts;

/// <summary>Makes receipts: facts in, signed text out. Storing it is the caller's.</summary>
internal sealed class ReceiptIssuer(ReceiptKeys keys, TimeProvider time)
{
    public IssuedReceipt Issue(ReceiptFacts facts)
    {
        var payload = Receipt.Write(facts, time.GetUtcNow());
        return new IssuedReceipt(ReceiptId.Of(facts.Payment, facts.Number), keys.Signer.Sign(payload), Encoding.UTF8.GetString(payload));
    }
}

/// <param name="Id">For the header <c>Smart-Proxy-Receipt</c>, and to find it again.</param>
/// <param name="Jws">The receipt: a compact JWS.</param>
/// <param name="Payload">Its payload as JSON, for the read model and people.</param>
internal sealed record IssuedReceipt(string Id, string Jws, string Payload);
