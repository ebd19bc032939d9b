using System.Text.Json;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Protocol.Tests.X402;

/// <summary>What the official clients and servers said to each other, said again by us.</summary>
public sealed class ExchangeTests
{
    // Client and server both captured, payment by EIP-3009 under `exact`.
    public static TheoryData<string> Rebuildable =>
    [
        "v2-exact-get", "v2-exact-post-body", "v2-settle-fails", "v2-upfront", "v2-several-accepts",
        "v2-resource-url-mismatch", "v2-extensions", "v1-exact-get", "v1-post-body",
    ];

    [Theory]
    [MemberData(nameof(Rebuildable))]
    public void The_payment_document_equals_the_captured_one(string id)
    {
        var exchange = Exchange.All[id];
        var paid = exchange.Paid.First();
        var captured = Answers.Decode(paid.PaymentHeader!);
        var challenge = Read(exchange.Asked!);
        Assert.Equal(ChallengeClass.Payable, challenge.Class);
        var offer = challenge.Offers.Single(offer => IsChosen(offer, captured));

        var header = X402Writer.TryWrite(challenge, offer, Authorize(exchange, offer), SignatureOf(captured), IdentifierOf(captured));

        var written = Assert.IsType<PaymentHeader.Written>(header);
        Assert.NotEmpty(paid.Request.Values(written.Name));
        Assert.True(JsonElement.DeepEquals(captured, Answers.Decode(written.Value)), $"{captured}\n{Answers.Decode(written.Value)}");
    }

    [Theory]
    [InlineData("v2-upto", "unsupported_scheme")]
    [InlineData("v2-permit2", "unsupported_method")]
    public void Other_schemes_and_methods_are_unsupported(string id, string reason)
    {
        var challenge = Read(Exchange.All[id].Asked!);

        Assert.Equal((ChallengeClass.Unsupported, reason), (challenge.Class, challenge.Reason));
        Assert.Empty(challenge.Offers);
        Assert.EndsWith(" eip155:84532", challenge.Offered, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v2-browser", ChallengeClass.Payable)]
    [InlineData("v2-head-anyverb", ChallengeClass.Payable)]
    [InlineData("v2-client-spend-cap", ChallengeClass.Payable)]
    [InlineData("v1-browser", ChallengeClass.NotX402)]
    [InlineData("v1-float-price", ChallengeClass.Malformed)]
    [InlineData("v1-client-cap", ChallengeClass.Payable)]
    public void Unpaid_answers_are_read_whatever_their_body(string id, ChallengeClass expected) =>
        Assert.Equal(expected, Read(Exchange.All[id].Asked!).Class);

    public static TheoryData<string> PaidIds =>
        [.. Exchange.All.Values.Where(exchange => exchange.Paid.Any() && exchange.Money != "no payment sent" && exchange.Id != "v2-upto-zero").Select(exchange => exchange.Id)];

    [Theory]
    [MemberData(nameof(PaidIds))]
    public void The_final_answer_ends_in_the_state_that_a_payer_must_assume(string id)
    {
        var exchange = Exchange.All[id];

        var outcome = Outcome(exchange.Paid.Last());

        switch (exchange.Money)
        {
            case "settled":
                Assert.True(outcome is SettlementOutcome.Settled { Delivered: true, Claim.Success: true }, outcome.ToString());
                break;
            case "settled, delivery failed":
                Assert.True(outcome is SettlementOutcome.Settled { Delivered: false }, outcome.ToString());
                break;
            case "pending":
                Assert.True(outcome is SettlementOutcome.InDoubt { Why: SettlementOutcome.SettlementPending, Claim: not null }, outcome.ToString());
                break;
            case "held" or "already settled by the first use":
                Assert.True(outcome is SettlementOutcome.InDoubt { Delivered: false }, outcome.ToString());
                break;
            default:
                Assert.Fail($"unexpected money state `{exchange.Money}`");
                break;
        }
    }

    [Fact]
    public void Nearly_every_paid_exchange_takes_part() => Assert.True(PaidIds.Count >= 30, $"{PaidIds.Count}");

    [Fact]
    public void A_redirect_of_a_paid_request_may_have_been_charged_and_is_not_followed()
    {
        var redirect = Exchange.All["v2-redirect-same-origin"].Paid.First();

        Assert.Equal(302, redirect.Response.Status);
        Assert.Equal(new SettlementOutcome.InDoubt(SettlementOutcome.SettlementMissing, Delivered: true, Claim: null), Outcome(redirect));
    }

    // The digest would book this as charged; we keep it in doubt, because nothing was claimed that could be checked. Both count the money.
    [Fact]
    public void A_delivery_without_a_settlement_header_is_in_doubt() =>
        Assert.Equal(
            new SettlementOutcome.InDoubt(SettlementOutcome.SettlementMissing, Delivered: true, Claim: null),
            SettlementOutcome.Of(200, SettlementReader.Read(Answers.Headers())));

    private static Challenge Read(Exchange.Step step)
    {
        var (path, host) = (step.Request.StartLine.Split(' ')[1], step.Request.Values("host")[0]);
        var response = step.Response;
        return X402Reader.Read(
            response.Status, response.Values, response.Body, bodyIsWhole: true, response.Values("Content-Type") is [var type, ..] ? type : null, $"http://{host}{path}", Answers.Profile);
    }

    private static SettlementOutcome Outcome(Exchange.Step step) => SettlementOutcome.Of(step.Response.Status, SettlementReader.Read(step.Response.Values));

    private static bool IsChosen(PaymentOffer offer, JsonElement captured) =>
        offer.Version == 1 || JsonElement.DeepEquals(Answers.Json(offer.Original), captured.GetProperty("accepted"));

    private static TransferAuthorization Authorize(Exchange exchange, PaymentOffer offer)
    {
        var terms = new TransferTerms(
            offer.Network, offer.Asset, offer.DomainName, offer.DomainVersion, Exchange.Payer, offer.PayTo, new TokenAmount((UInt128)offer.Amount),
            ValidAfter: offer.Version == 1 ? Exchange.Clock - 600 : 0,
            ValidBefore: Exchange.Clock + offer.MaxTimeoutSeconds);
        var nonce = exchange.ClientRandom.First(draw => Bytes32.TryParse(draw, out _));
        return new TransferAuthorization(terms, Bytes32.TryParse(nonce, out var bytes) ? bytes : default);
    }

    private static string SignatureOf(JsonElement captured) => captured.GetProperty("payload").GetProperty("signature").GetString()!;

    private static string? IdentifierOf(JsonElement captured) =>
        captured.TryGetProperty("extensions", out var extensions) && extensions.TryGetProperty("payment-identifier", out var extension)
            ? extension.GetProperty("info").GetProperty("id").GetString()
            : null;
}
