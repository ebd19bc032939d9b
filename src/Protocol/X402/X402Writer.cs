using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace SmartProxy.Protocol.X402;

/// <summary>
/// Writes a payment document (x402 <c>PaymentPayload</c>, versions 1 and 2) for one offer of a challenge. What the seller sent goes back as the
/// bytes that came: servers compare it with what they offer now.
/// </summary>
public static class X402Writer
{
    public const string Version1HeaderName = "X-PAYMENT";

    public const string Version2HeaderName = "PAYMENT-SIGNATURE";

    /// <summary>Above this many characters the <c>schema</c> of echoed extensions is left out; only <c>info</c> has to come back.</summary>
    public const int ShrinkLength = 8 * 1024;

    /// <summary>Above this many characters the header is not written at all: servers stop at 16 KB for all headers together.</summary>
    public const int MaxLength = 12 * 1024;

    /// <summary>As long as a signature and worth nothing: to learn the header's size before anything is signed.</summary>
    public static string PlaceholderSignature { get; } = "0x" + new string('0', 130);

    /// <param name="challenge">The challenge as it was read.</param>
    /// <param name="offer">One of its offers.</param>
    /// <param name="authorization">What was signed for that offer.</param>
    /// <param name="signature">65 bytes as <c>0x</c> and 130 hex digits.</param>
    /// <param name="paymentIdentifier">16 to 128 of <c>[A-Za-z0-9_-]</c>, used where the seller offers the extension <c>payment-identifier</c>; null to leave it out.</param>
    /// <exception cref="ArgumentException">The authorization is not for this offer, or the identifier is not one: a broken invariant of the caller.</exception>
    public static PaymentHeader TryWrite(
        Challenge challenge, PaymentOffer offer, TransferAuthorization authorization, string signature, string? paymentIdentifier)
    {
        RequireSameTerms(offer, authorization.Terms);
        EchoedExtensions.RequireIdentifier(paymentIdentifier);
        if (offer.Version == 1)
        {
            return Sized(Version1HeaderName, WriteVersion1(offer, authorization, signature));
        }

        var value = WriteVersion2(challenge, offer, authorization, signature, EchoedExtensions.Write(challenge.Extensions, paymentIdentifier, withSchemas: true));
        if (value.Length > ShrinkLength && challenge.Extensions is not null)
        {
            value = WriteVersion2(challenge, offer, authorization, signature, EchoedExtensions.Write(challenge.Extensions, paymentIdentifier, withSchemas: false));
        }

        return Sized(Version2HeaderName, value);
    }

    /// <summary>Whether the seller takes an idempotency id, so that the identical bytes sent twice get the first answer again.</summary>
    public static bool OffersPaymentIdentifier(Challenge challenge) => EchoedExtensions.OffersPaymentIdentifier(challenge.Extensions);

    // INVARIANT: what was signed is what was judged. A signature for other terms must not leave under the name of this offer.
    private static void RequireSameTerms(PaymentOffer offer, TransferTerms terms)
    {
        var same = terms.Chain == offer.Network && terms.Asset == offer.Asset && terms.To == offer.PayTo && (BigInteger)terms.Value.Units == offer.Amount;
        if (!same)
        {
            throw new ArgumentException("expected an authorization with the network, asset, recipient and amount of the offer", nameof(terms));
        }
    }

    private static PaymentHeader Sized(string name, string value) =>
        value.Length > MaxLength ? new PaymentHeader.TooLarge(value.Length) : new PaymentHeader.Written(name, value);

    // Members in the order of the official client, though order carries no meaning.
    private static string WriteVersion2(Challenge challenge, PaymentOffer offer, TransferAuthorization authorization, string signature, string? extensions) =>
        Encode(writer =>
        {
            writer.WriteNumber("x402Version", 2);
            WritePayload(writer, authorization, signature);
            WriteRaw(writer, "extensions", extensions);
            WriteRaw(writer, "resource", challenge.Resource);
            WriteRaw(writer, "accepted", offer.Original);
        });

    private static string WriteVersion1(PaymentOffer offer, TransferAuthorization authorization, string signature) =>
        Encode(writer =>
        {
            writer.WriteNumber("x402Version", 1);
            writer.WriteString("scheme", offer.Scheme);
            writer.WriteString("network", offer.NetworkText);
            WritePayload(writer, authorization, signature);
        });

    private static void WritePayload(Utf8JsonWriter writer, TransferAuthorization authorization, string signature)
    {
        var terms = authorization.Terms;
        writer.WriteStartObject("payload");
        writer.WriteStartObject("authorization");
        writer.WriteString("from", terms.From.ToString());
        writer.WriteString("to", terms.To.ToString());
        writer.WriteString("value", terms.Value.ToString());
        writer.WriteString("validAfter", terms.ValidAfter.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("validBefore", terms.ValidBefore.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("nonce", authorization.Nonce.ToString());
        writer.WriteEndObject();
        writer.WriteString("signature", signature);
        writer.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter writer, string name, string? raw)
    {
        if (raw is not null)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(raw, skipInputValidation: true);
        }
    }

    private static string Encode(Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writeMembers(writer);
            writer.WriteEndObject();
        }

        return Convert.ToBase64String(buffer.WrittenSpan);
    }
}
