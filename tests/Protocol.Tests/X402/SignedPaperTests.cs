using System.Text.Json;
using SmartProxy.Protocol.X402.Papers;
using SmartProxy.TestKit;

namespace SmartProxy.Protocol.Tests.X402;

/// <summary>Sellers' papers are hashed to the bit as the official packages hash them, and read within bounds.</summary>
public sealed class SignedPaperTests
{
    private static readonly JsonElement Vectors = Repository.Vectors("offer-receipt");

    [Fact]
    public void Domains_and_digests_are_those_of_the_official_packages()
    {
        Assert.Equal(Vectors.GetProperty("offerDomainSeparator").GetString(), PaperDigest.OfferDomain.ToString());
        Assert.Equal(Vectors.GetProperty("receiptDomainSeparator").GetString(), PaperDigest.ReceiptDomain.ToString());
        foreach (var offer in Vectors.GetProperty("offers").EnumerateArray())
        {
            Assert.Equal(offer.GetProperty("digest").GetString(), PaperDigest.OfOffer(Paper(offer)).ToString());
        }

        foreach (var receipt in Vectors.GetProperty("receipts").EnumerateArray())
        {
            Assert.Equal(receipt.GetProperty("digest").GetString(), PaperDigest.OfReceipt(Paper(receipt)).ToString());
        }
    }

    [Fact]
    public void A_jws_gives_its_payload_and_the_key_that_its_id_holds()
    {
        foreach (var vector in Vectors.GetProperty("jws").EnumerateArray())
        {
            var (payload, proof) = PaperJws.Read(vector.GetProperty("jws").GetString()!)!.Value;
            var keyed = Assert.IsType<PaperProof.Keyed>(proof);
            Assert.Equal(vector.GetProperty("publicJwk").GetProperty("x").GetString(), System.Buffers.Text.Base64Url.EncodeToString(keyed.Key.X));
            Assert.Equal(JsonValueKind.Object, payload.ValueKind);
        }
    }

    [Theory]
    [InlineData("""{"offer-receipt":{"info":{"offers":[{"format":"eip712","signature":"0x","payload":{"version":"1"}}]}}}""")]
    [InlineData("""{"offer-receipt":{"info":{"offers":[{"format":"pgp","signature":"0x","payload":{}}]}}}""")]
    [InlineData("""{"offer-receipt":{"info":{"offers":[{"format":"jws","signature":"a.b.c"}]}}}""")]
    [InlineData("""{"offer-receipt":{"info":{"offers":[7]}}}""")]
    public void What_can_not_be_read_is_said_to_be_there(string extensions) => Assert.Null(Assert.Single(SignedPaper.Offers(extensions)!));

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"offer-receipt":{"info":7}}""")]
    [InlineData("""{"other":{"info":{"offers":[]}}}""")]
    public void Without_the_extension_there_are_no_offers(string? extensions) => Assert.Null(SignedPaper.Offers(extensions));

    private static SignedPaper Paper(JsonElement vector) => new(vector.GetProperty("payload"), new PaperProof.Elsewhere(""), "");
}
