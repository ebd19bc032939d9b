using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402.Papers;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Payments;

/// <summary>
/// What sellers sign: offers and receipts (x402 extension <c>offer-receipt</c>), verified offline. A verdict is kept and shown, and never decides about
/// money: a sound signature says only that somebody has a key. <c>valid</c> is what the recipient of the payment itself signed.
/// </summary>
internal sealed class SellerPapers(TimeProvider time)
{
    /// <summary>How far the time of a receipt may be from ours.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    /// <summary>The seller's own offer for what is paid; null when it signed none.</summary>
    /// <param name="challenge">The 402.</param>
    /// <param name="offer">The entry that is paid.</param>
    public SellerPaper? OfOffer(Challenge challenge, PaymentOffer offer) => Guarded(SellerPaper.Offer, challenge.Extensions, () =>
    {
        if (SignedPaper.Offers(challenge.Extensions) is not { } papers)
        {
            return null;
        }

        var paper = papers.OfType<SignedPaper>().FirstOrDefault(paper => IsFor(paper, offer));
        return paper is null ? Invalid(SellerPaper.Offer, papers.Any(read => read is null) ? "unreadable" : "no_matching_offer", challenge.Extensions!)
            : paper.Number("validUntil") is { } until and > 0 && until < time.GetUtcNow().ToUnixTimeSeconds() ? Invalid(SellerPaper.Offer, "expired", paper.Text)
            : Judge(SellerPaper.Offer, paper, offer.PayTo);
    });

    /// <summary>The seller's receipt beside an answer; null when it signed none.</summary>
    /// <param name="headerValues">The answer's headers.</param>
    /// <param name="terms">What was paid.</param>
    /// <param name="url">What was asked for.</param>
    public SellerPaper? OfReceipt(Func<string, IReadOnlyList<string>> headerValues, TransferTerms terms, string url)
    {
        string? text = null;
        return Guarded(SellerPaper.Receipt, text, () =>
        {
            var paper = SignedPaper.Receipt(headerValues, out text);
            return paper is not null ? Objection(paper, terms, url) is { } why ? Invalid(SellerPaper.Receipt, why, paper.Text) : Judge(SellerPaper.Receipt, paper, terms.To)
                : text is not null ? Invalid(SellerPaper.Receipt, "unreadable", text)
                : null;
        });
    }

    // Fields are compared: the index beside an offer is not signed.
    private static bool IsFor(SignedPaper paper, PaymentOffer offer) =>
        paper.Member("scheme") == offer.Scheme
        && paper.Member("network") == offer.Network.ToString()
        && paper.Member("amount") == offer.Amount.ToString(CultureInfo.InvariantCulture)
        && IsAddress(paper.Member("asset"), offer.Asset)
        && IsAddress(paper.Member("payTo"), offer.PayTo);

    private string? Objection(SignedPaper receipt, TransferTerms terms, string url) =>
        receipt.Member("network") != terms.Chain.ToString() ? "other_network"
        : !IsAddress(receipt.Member("payer"), terms.From) ? "other_payer"
        : !IsSameResource(receipt.Member("resourceUrl"), url) ? "other_resource"
        : receipt.Number("issuedAt") is not { } issued || (time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddSeconds(Math.Min(issued, int.MaxValue))).Duration() > MaxAge ? "other_time"
        : null;

    private static SellerPaper Judge(string kind, SignedPaper paper, EvmAddress payTo) => paper.Proof switch
    {
        PaperProof.Recoverable proof => !TransferWithAuthorization.TryRecover(proof.Digest, proof.Signature, out var signer) ? Invalid(kind, "signature", paper.Text)
            : Kept(kind, signer == payTo ? SellerPaper.Valid : SellerPaper.UnknownSigner, null, signer.ToString(), paper.Text),
        PaperProof.Keyed proof => !IsSignedBy(proof) ? Invalid(kind, "signature", paper.Text) : Kept(kind, SellerPaper.UnknownSigner, null, proof.KeyId, paper.Text),
        PaperProof.Elsewhere proof => Kept(kind, SellerPaper.UnknownSigner, "key_not_resolved", proof.KeyId, paper.Text),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static bool IsSignedBy(PaperProof.Keyed proof)
    {
        if (proof.Key.IsEd25519)
        {
            return Ed25519Signature.IsValid(proof.Key.X, proof.Input, proof.Signature);
        }

        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = proof.Key.X, Y = proof.Key.Y } });
            return key.VerifyData(proof.Input, proof.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false; // the point is not on the curve
        }
    }

    // Sellers behind a TLS terminator sign `http`, and leave out queries: host and path are what has to agree.
    private static bool IsSameResource(string? signed, string asked) =>
        Uri.TryCreate(signed, UriKind.Absolute, out var left) && Uri.TryCreate(asked, UriKind.Absolute, out var right)
        && left.Host.Equals(right.Host, StringComparison.OrdinalIgnoreCase) && left.AbsolutePath == right.AbsolutePath;

    private static bool IsAddress(string? text, EvmAddress address) => EvmAddress.TryParseIgnoringChecksum(text, out var parsed) && parsed == address;

    // INVARIANT: nothing that a seller signs can stop a payment or the booking of one.
    private static SellerPaper? Guarded(string kind, string? text, Func<SellerPaper?> judge)
    {
        try
        {
            return judge();
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            return Invalid(kind, "unreadable", text ?? "{}");
        }
    }

    private static SellerPaper Invalid(string kind, string why, string text) => Kept(kind, SellerPaper.Invalid, why, null, text);

    private static SellerPaper Kept(string kind, string verdict, string? why, string? signer, string text) =>
        text.Length <= SellerPaper.MaxText ? new SellerPaper(kind, verdict, why, signer is { Length: > 256 } ? signer[..256] : signer, text) : new SellerPaper(kind, SellerPaper.Invalid, "too_long", null, "{}");
}
