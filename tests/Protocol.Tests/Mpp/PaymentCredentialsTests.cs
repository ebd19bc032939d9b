using System.Text;
using System.Text.Json;
using CsCheck;
using SmartProxy.Protocol.Mpp;

namespace SmartProxy.Protocol.Tests.Mpp;

public sealed class PaymentCredentialsTests
{
    [Theory]
    [InlineData("payment-signature", "x", "PAYMENT-SIGNATURE")]
    [InlineData("X-Payment", "", "X-PAYMENT")]
    [InlineData("payment-authorization", "Payment eyJ", "Payment-Authorization")]
    [InlineData("Authorization", "Payment eyJ", "Authorization: Payment")]
    [InlineData("Authorization", "payment\teyJ", "Authorization: Payment")]
    [InlineData("Authorization", "  PAYMENT", "Authorization: Payment")]
    [InlineData("Authorization", "Bearer abc, Payment eyJ", "Authorization: Payment")]
    [InlineData("Authorization", "Digest realm=\"x, y\", qop=auth ,\tPayment id=\"a\"", "Authorization: Payment")]
    [InlineData("Authorization", "Digest realm=\"open, Payment eyJ", "Authorization: Payment")]
    [InlineData("Authorization", "L402 mac:pre", "Authorization: L402")]
    [InlineData("Authorization", "Basic eA==,LSAT mac:pre", "Authorization: LSAT")]
    [InlineData("Authorization", "Bearer Payment", null)]
    [InlineData("Authorization", "Bearer payment.token.L402", null)]
    [InlineData("Authorization", "Digest username=\"x\", payment=\"y\", lsat = z", null)]
    [InlineData("Authorization", "PaymentX abc", null)]
    [InlineData("Authorization", "Basic UGF5bWVudDp4", null)]
    [InlineData("X-Payment-Info", "x", null)]
    [InlineData("Payment-Response", "x", null)]
    public void Headers_that_pay_are_found(string name, string value, string? expected) =>
        Assert.Equal(expected, PaymentCredentials.FindInHeaders(X402.Answers.Headers((name, value))));

    [Fact]
    public void Every_line_of_a_header_is_looked_at() =>
        Assert.Equal("Authorization: L402", PaymentCredentials.FindInHeaders(X402.Answers.Headers(("Authorization", "Bearer x"), ("authorization", "l402 y"))));

    // body, form
    public static TheoryData<string, string?> Bodies => new()
    {
        { """{"params":{"_meta":{"x402/payment":{"x402Version":1}}}}""", "x402/payment" },
        { """{"params":{"_meta":{"x402/payment":"eyJ4"}}}""", "x402/payment" },
        { """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{},"_meta":{"progressToken":1,"x402/payment":{}}}}""", "x402/payment" },
        { """{"params":{"_meta":{"org.paymentauth/credential":{}}}}""", "org.paymentauth/credential" },
        { """{"_meta":{"org.paymentauth/credential":{}}}""", "org.paymentauth/credential" },
        { """{"message":{"metadata":{"x402.payment.payload":{}}}}""", "x402.payment.payload" },
        { """{"params":{"message":{"metadata":{"x402.payment.payload":{}}}}}""", "x402.payment.payload" },
        { """{"params":{"message":{"parts":[{"text":"hi"},{"kind":"data","data":{"ap2.mandates.PaymentMandate":{}}}]}}}""", "ap2 payment mandate" },
        { """{"message":{"parts":[{"data":{"data":{"mandate.payment.1":"eyJ~"}}}]}}""", "ap2 payment mandate" },

        // Batches, spellings, repetition, and text around.
        { """[{"params":{}},{"params":{"_meta":{"x402/payment":{}}}}]""", "x402/payment" },
        { """{"params":{"_meta":{"\u0078402/payment":{}}}}""", "x402/payment" },
        { """{"params":{"_meta":{"x402\/payment":{}}}}""", "x402/payment" },
        { """{"\u0070arams":{"\u005Fmeta":{"\u0078\u0034\u0030\u0032\u002f\u0070\u0061\u0079\u006d\u0065\u006e\u0074":{}}}}""", "x402/payment" },
        { """{"params":{"_meta":{"x402/payment":null}},"params":{"_meta":{"x402/payment":{}}}}""", "x402/payment" },
        { """{"params":{"_meta":{"x402/payment":{}},"_meta":{}}}""", "x402/payment" },
        { """{"params":[],"params":{"_meta":{"a":[1,{"b":[]}],"x402/payment":{}}}}""", "x402/payment" },
        { """{"\ud800":1,"params":{"_meta":{"\udc00":1,"x402/payment":{}}}}""", "x402/payment" },
        { "\uFEFF" + """{"params":{"_meta":{"x402/payment":{}}}}""", "x402/payment" },
        { """ /* x */ {"params":{"_meta":{"x402/payment":{},},},} trailing""", "x402/payment" },
        { """{} {"params":{"_meta":{"x402/payment":{}}}}""", "x402/payment" },
        { """{"params":{"_meta":{"x402/payment":{}}""", "x402/payment" },

        // The words alone, or elsewhere, are no payment.
        { """{"params":{"_meta":{"note":"x402/payment"}}}""", null },
        { """{"params":{"_meta":{"x402/payment":null}}}""", null },
        { """{"params":{"arguments":{"_meta":{"x402/payment":{}}}}}""", null },
        { """{"x402/payment":{}}""", null },
        { """{"params":{"x402/payment":{}}}""", null },
        { """{"params":{"_meta":[{"x402/payment":{}}]}}""", null },
        { """{"params":{"_meta":{"nested":{"x402/payment":{}}}}}""", null },
        { """{"params":{"_meta":{"X402/Payment":{}}}}""", null },
        { """{"params":{"_meta":{"x402/payment-response":{}}}}""", null },
        { """{"params":{"_meta":{"\ud800x402/payment":{}}}}""", null },
        { """{"message":{"metadata":{"x402.payment.status":"payment-submitted"}}}""", null },
        { """{"message":{"parts":[{"text":"ap2.mandates.PaymentMandate"}]}}""", null },
        { """{"message":{"parts":{"data":{"ap2.mandates.PaymentMandate":{}}}}}""", null },
        { "\"x402/payment\"", null },
        { "x402/payment", null },
        { "", null },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Bodies_that_pay_are_found(string body, string? expected) =>
        Assert.Equal(expected, PaymentCredentials.FindInBody(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("""{"mpp":"authorization","credential":"x"}""", "mpp authorization frame")]
    [InlineData("""{"credential":"x","\u006dpp":"\u0061uthorization"}""", "mpp authorization frame")]
    [InlineData("""{"params":{"_meta":{"x402/payment":{}}}}""", "x402/payment")]
    [InlineData("""{"mpp":"challenge"}""", null)]
    [InlineData("""{"mpp":["authorization"]}""", null)]
    [InlineData("""{"data":{"mpp":"authorization"}}""", null)]
    [InlineData("""{"text":"{\"mpp\":\"authorization\"}"}""", null)]
    [InlineData("hello", null)]
    public void Frames_that_pay_are_found(string message, string? expected) =>
        Assert.Equal(expected, PaymentCredentials.FindInFrame(Encoding.UTF8.GetBytes(message)));

    [Fact]
    public void A_body_is_not_a_frame() => Assert.Null(PaymentCredentials.FindInBody("""{"mpp":"authorization","x":"payment"}"""u8));

    [Fact]
    public void A_payment_behind_a_million_brackets_is_found()
    {
        var deep = new string('[', 1_000_000) + new string(']', 1_000_000);
        var body = "{\"junk\":" + deep + ""","params":{"_meta":{"x402/payment":{}}}}""";

        Assert.Equal("x402/payment", PaymentCredentials.FindInBody(Encoding.UTF8.GetBytes(body)));
    }

    [Fact]
    public void Mutated_bodies_never_throw()
    {
        var valid = Encoding.UTF8.GetBytes("""[{"params":{"_meta":{"\u0078402/payment":{}},"message":{"parts":[{"data":{"payment_mandate":1}}]}}}]""");

        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte, Gen.Int[0, valid.Length]).Sample((at, value, length) =>
        {
            byte[] mutated = [.. valid[..length]];
            if (at < length)
            {
                mutated[at] = value;
            }

            _ = PaymentCredentials.FindInBody(mutated);
            _ = PaymentCredentials.FindInFrame(mutated);
        });
    }

    // However a name is escaped, a standard parser reads it, and so do we.
    [Fact]
    public void No_escaping_hides_a_name() =>
        Gen.Bool.Array["x402/payment".Length].Sample(escaped =>
        {
            var name = string.Concat("x402/payment".Select((c, i) => escaped[i] ? $"\\u{(int)c:x4}" : c.ToString()));
            var body = """{"params":{"_meta":{""" + $"\"{name}\"" + ":{}}}}";
            using var document = JsonDocument.Parse(body);
            Assert.True(document.RootElement.GetProperty("params").GetProperty("_meta").TryGetProperty("x402/payment", out _));
            Assert.Equal("x402/payment", PaymentCredentials.FindInBody(Encoding.UTF8.GetBytes(body)));
        });
}
