using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Payments;

/// <summary>What sellers sign is verified offline and kept word for word; a bad one is shown, and stops nothing.</summary>
public sealed class SellerPaperTests
{
    private const string Seller = "0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69"; // private key 3
    private static readonly JsonElement Vectors = Repository.Vectors("offer-receipt");

    public static TheoryData<string, string, string?> Offers => new()
    {
        { "by the recipient", "valid", null },
        { "by somebody else", "unknown_signer", null },
        { "of another amount", "invalid", "no_matching_offer" },
        { "changed after signing", "unknown_signer", null },
        { "no signature", "invalid", "signature" },
        { "expired", "invalid", "expired" },
        { "not to be read", "invalid", "unreadable" },
        { "a jws by a key of its own", "invalid", "no_matching_offer" },
    };

    [Theory, MemberData(nameof(Offers))]
    public async Task An_offer_gets_a_verdict_and_the_payment_goes_on(string what, string verdict, string? why)
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(Challenge(Offer(what)), FlowKit.Paid);

        await kit.Flow.RunAsync(call);

        Assert.Equal(200, call.Passed!.Value.Status);
        var paper = Assert.Single(await PapersAsync(kit));
        Assert.Equal((SellerPaper.Offer, verdict, why), (paper.Kind, paper.Verdict, paper.Why));
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());
    }

    public static TheoryData<string, string, string?> Receipts => new()
    {
        { "by the recipient", "valid", null },
        { "of another payer", "invalid", "other_payer" },
        { "of another network", "invalid", "other_network" },
        { "of another resource", "invalid", "other_resource" },
        { "of another time", "invalid", "other_time" },
        { "not to be read", "invalid", "unreadable" },
    };

    [Theory, MemberData(nameof(Receipts))]
    public async Task A_receipt_of_the_seller_gets_a_verdict_and_the_booking_goes_on(string what, string verdict, string? why)
    {
        await using var kit = await FlowKit.CreateAsync();
        var call = new ScriptedCall(FlowKit.Cent(Seller), _ => ScriptedAnswer.Of(200, ("PAYMENT-RESPONSE", Base64(Settlement(what).ToJsonString()))));

        await kit.Flow.RunAsync(call);

        var paper = Assert.Single(await PapersAsync(kit));
        Assert.Equal((SellerPaper.Receipt, verdict, why), (paper.Kind, paper.Verdict, paper.Why));
        Assert.Equal(PaymentState.Settled, await kit.StateAsync());
        if (verdict == SellerPaper.Valid)
        {
            Assert.Equal((Seller, true), (paper.Signer, JsonNode.DeepEquals(JsonNode.Parse(paper.Text), Settlement(what)["extensions"]!["offer-receipt"]!["info"]!["receipt"])));
        }
    }

    [Fact]
    public async Task Who_signs_nothing_leaves_no_paper()
    {
        await using var kit = await FlowKit.CreateAsync();
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(), FlowKit.Paid));

        Assert.Empty(await PapersAsync(kit));
    }

    [Fact]
    public async Task A_paper_that_is_too_long_is_not_kept()
    {
        await using var kit = await FlowKit.CreateAsync();
        var settlement = Settlement("by the recipient");
        settlement["extensions"]!["offer-receipt"]!["info"]!["receipt"]!["payload"]!["note"] = new string('x', SellerPaper.MaxText);
        await kit.Flow.RunAsync(new ScriptedCall(FlowKit.Cent(Seller), _ => ScriptedAnswer.Of(200, ("PAYMENT-RESPONSE", Base64(settlement.ToJsonString())))));

        Assert.Equal(("invalid", "too_long", "{}"), Assert.Single(await PapersAsync(kit)) is var paper ? (paper.Verdict, paper.Why, paper.Text) : default);
    }

    /// <summary>Every JWS of the official packages, over terms that fit; the changed one is the last.</summary>
    [Theory]
    [InlineData(0, "unknown_signer", null)]
    [InlineData(2, "unknown_signer", null)]
    [InlineData(3, "invalid", "signature")]
    public void A_jws_is_checked_with_the_key_that_its_id_holds(int index, string verdict, string? why)
    {
        var jws = Vectors.GetProperty("jws")[index].GetProperty("jws").GetString()!;
        var signed = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(jws.Split('.')[1]))!;
        var offer = SampleOffer.Cent with
        {
            Amount = System.Numerics.BigInteger.Parse(signed["amount"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture),
            PayTo = EvmAddress.Parse(signed["payTo"]!.GetValue<string>()),
        };
        var challenge = new Challenge { Class = ChallengeClass.Payable, Reason = "ok", Extensions = Extension("offers", new JsonArray(new JsonObject { ["format"] = "jws", ["signature"] = jws })).ToJsonString() };

        var paper = new SellerPapers(new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_780_000_000))).OfOffer(challenge, offer)!;

        Assert.Equal((verdict, why), (paper.Verdict, paper.Why));
    }

    private static JsonObject Offer(string what)
    {
        var (own, official) = (Vectors.GetProperty("own")[0], Vectors.GetProperty("offers")[0]);
        var offer = Paper(what == "by somebody else" ? official : own);
        switch (what)
        {
            case "by somebody else":
                offer["payload"]!["payTo"] = Seller;
                offer["payload"]!["validUntil"] = 0;
                break;
            case "of another amount":
                offer["payload"]!["amount"] = "9999";
                break;
            case "changed after signing":
                offer["payload"]!["resourceUrl"] = "https://api.seller.test/other";
                break;
            case "no signature":
                offer["signature"] = "0x00";
                break;
            case "expired":
                offer["payload"]!["validUntil"] = 1;
                break;
            case "not to be read":
                offer["payload"] = "text";
                break;
            case "a jws by a key of its own":
                offer = new JsonObject { ["format"] = "jws", ["signature"] = Vectors.GetProperty("jws")[0].GetProperty("jws").GetString() };
                break;
        }

        return offer;
    }

    private static JsonObject Settlement(string what)
    {
        var receipt = Paper(Vectors.GetProperty("own")[1]);
        switch (what)
        {
            case "of another payer":
                receipt["payload"]!["payer"] = Seller;
                break;
            case "of another network":
                receipt["payload"]!["network"] = "eip155:8453";
                break;
            case "of another resource":
                receipt["payload"]!["resourceUrl"] = "https://api.other.test/paid";
                break;
            case "of another time":
                receipt["payload"]!["issuedAt"] = 1_772_445_600 - 3_601;
                break;
            case "not to be read":
                receipt["format"] = 7;
                break;
        }

        return new JsonObject { ["success"] = true, ["transaction"] = "0xabc", ["network"] = "eip155:84532", ["extensions"] = Extension("receipt", receipt) };
    }

    private static JsonObject Paper(JsonElement vector) => new()
    {
        ["format"] = "eip712",
        ["payload"] = JsonNode.Parse(vector.GetProperty("payload").GetRawText()),
        ["signature"] = vector.GetProperty("signature").GetString(),
    };

    private static JsonObject Extension(string member, JsonNode value) => new() { ["offer-receipt"] = new JsonObject { ["info"] = new JsonObject { [member] = value } } };

    private static HeldAnswer Challenge(JsonNode offer)
    {
        var header = FlowKit.Cent(Seller).Head.Values("PAYMENT-REQUIRED")[0];
        var document = JsonNode.Parse(Convert.FromBase64String(header))!;
        document["extensions"] = Extension("offers", new JsonArray(offer));
        return FlowKit.Cent(Seller) with { Head = ScriptedAnswer.Of(402, ("PAYMENT-REQUIRED", Base64(document.ToJsonString()))).Head! };
    }

    private static async Task<IReadOnlyList<SellerPaper>> PapersAsync(FlowKit kit)
    {
        await kit.Ledger.Host.CatchUpAsync(TestContext.Current.CancellationToken);
        return [.. kit.Ledger.Host.ReadAfter(0).Select(line => (line.Entry as JournalEntry.Recorded)?.Event).OfType<LedgerEvent.SellerSigned>().Select(signed => signed.Paper)];
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
