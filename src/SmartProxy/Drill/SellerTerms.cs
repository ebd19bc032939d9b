using System.Text;
using System.Text.Json;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>What a seller asks for, as x402 version 2 says it.</summary>
/// <param name="Token">In what.</param>
/// <param name="Units">How much of it.</param>
/// <param name="PayTo">To whom.</param>
/// <param name="Seconds">For how long the authorization is to be valid.</param>
internal sealed record SellerTerms(Asset Token, UInt128 Units, EvmAddress PayTo, int Seconds)
{
    /// <summary>Somebody whom nobody has paid.</summary>
    public static readonly EvmAddress Stranger = EvmAddress.Parse("0x9999999999999999999999999999999999999999");

    /// <summary>The 402.</summary>
    public HeldAnswer ToAnswer() => new(new AnswerHead(StatusCodes.Status402PaymentRequired, With("PAYMENT-REQUIRED", Document)), "{}"u8.ToArray(), IsBodyWhole: true);

    /// <summary>What the seller answers to a payment; null for a broken connection.</summary>
    /// <param name="conduct">What it does.</param>
    public AnswerHead? AnswerOf(SellerConduct conduct) => conduct switch
    {
        SellerConduct.Deliver or SellerConduct.SaySettled or SellerConduct.BreakOff => new AnswerHead(StatusCodes.Status200OK, With("PAYMENT-RESPONSE", Settlement(success: true))),
        SellerConduct.TakeAndFail => new AnswerHead(StatusCodes.Status500InternalServerError, With("PAYMENT-RESPONSE", Settlement(success: true))),
        SellerConduct.SayFailed => new AnswerHead(StatusCodes.Status402PaymentRequired, With("PAYMENT-RESPONSE", Settlement(success: false))),
        SellerConduct.AskAgain => ToAnswer().Head,
        SellerConduct.AskDearer => (this with { Units = Units * 2 }).ToAnswer().Head,
        SellerConduct.AskForAnother => (this with { PayTo = Stranger }).ToAnswer().Head,
        SellerConduct.Fail => new AnswerHead(StatusCodes.Status500InternalServerError, new HeaderDictionary()),
        SellerConduct.SayNothing => new AnswerHead(StatusCodes.Status200OK, new HeaderDictionary()),
        SellerConduct.Reset => null,
    };

    private string Document =>
        $$$"""
        {"x402Version":2,"error":"Payment required","resource":{"url":"https://seller.invalid/"},"accepts":[{"scheme":"exact","network":"{{{Token.Chain}}}","amount":"{{{Units}}}",
        "asset":"{{{Token.Address}}}","payTo":"{{{PayTo}}}","maxTimeoutSeconds":{{{Seconds}}},"extra":{"name":"{{{JsonEncodedText.Encode(Token.DomainName)}}}","version":"{{{JsonEncodedText.Encode(Token.DomainVersion)}}}"}}]}
        """;

    private string Settlement(bool success) =>
        $$"""{"success":{{(success ? "true" : "false")}},"transaction":"{{(success ? "0xabc" : "")}}","network":"{{Token.Chain}}"{{(success ? "" : ",\"errorReason\":\"failed\"")}}}""";

    private static HeaderDictionary With(string name, string json) => new() { [name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(json)) };
}
