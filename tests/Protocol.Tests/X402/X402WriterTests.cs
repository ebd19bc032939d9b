using System.Text;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Protocol.Tests.X402;

public sealed class X402WriterTests
{
    private const string Signature = "0xb1896386f39f1f60c6e8b0ea35958781b11576659ba1d877b75e06e4283d3742541c80d01af3396be22b3a1cbaa00780d3d9a2ca29afe9a2d3db83e70133f45b1b";
    private const string Identifier = "pay_01jd0000000000000000000000";

    [Fact]
    public void Version_2_echoes_what_came_byte_for_byte_in_the_order_of_the_official_client()
    {
        var entry = Answers.Entry(changes: " , \"vendor\" : [ 1.50, 2e3 ] ");
        var challenge = Answers.InHeader($$$$$"""{"x402Version":2,"resource":{ "url" : "https://api.example.test/\u00e9" },"accepts":[{{{{{entry}}}}}],"extensions":{"bazaar": {"info":1e1}}}""");

        var text = TextOf(Write(challenge));

        Assert.StartsWith("{\"x402Version\":2,\"payload\":{\"authorization\":{\"from\":\"0x75df38D2546DeBbC4F16cfe8546eEaE48210fA4e\",", text, StringComparison.Ordinal);
        Assert.EndsWith(
            $",\"extensions\":{{\"bazaar\": {{\"info\":1e1}}}},\"resource\":{{ \"url\" : \"https://api.example.test/\\u00e9\" }},\"accepted\":{entry}}}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_2_leaves_out_what_the_server_left_out()
    {
        var challenge = Answers.InHeader($"{{\"x402Version\":2,\"accepts\":[{Answers.Entry()}],\"extensions\":null}}");

        var document = Answers.Decode(Write(challenge).Value);

        Assert.Equal(["x402Version", "payload", "accepted"], document.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public void Version_1_says_scheme_network_and_payload_and_nothing_else()
    {
        var challenge = Answers.InBody(Answers.Version1Document(Answers.Version1Entry()));

        var header = Write(challenge);

        Assert.Equal("X-PAYMENT", header.Name);
        var document = Answers.Decode(header.Value);
        Assert.Equal(["x402Version", "scheme", "network", "payload"], document.EnumerateObject().Select(member => member.Name));
        Assert.Equal((1, "exact", "base-sepolia"), (document.GetProperty("x402Version").GetInt32(), document.GetProperty("scheme").GetString(), document.GetProperty("network").GetString()));
    }

    [Fact]
    public void Addresses_are_signed_in_checksum_form_and_echoed_as_they_came()
    {
        var challenge = Answers.InHeader(Answers.Document(Answers.Entry().Replace("0x209693Bc6afc0C5328bA36FaF03C514EF312287C", "0x209693bc6afc0c5328ba36faf03c514ef312287c", StringComparison.Ordinal)));

        var document = Answers.Decode(Write(challenge).Value);

        Assert.Equal("0x209693Bc6afc0C5328bA36FaF03C514EF312287C", document.GetProperty("payload").GetProperty("authorization").GetProperty("to").GetString());
        Assert.Equal("0x209693bc6afc0c5328ba36faf03c514ef312287c", document.GetProperty("accepted").GetProperty("payTo").GetString());
    }

    [Fact]
    public void An_identifier_is_added_where_the_server_offers_one_and_changes_nothing_else()
    {
        var challenge = WithExtensions("""{"payment-identifier":{"info":{"required":true,"x":1.0},"schema":{"a":[1]},"more":null},"other":{"info":{}}}""");

        var extensions = Answers.Decode(Write(challenge, Identifier).Value).GetProperty("extensions");

        Assert.True(X402Writer.OffersPaymentIdentifier(challenge));
        Assert.Equal($$$$$"""{"payment-identifier":{"info":{"required":true,"x":1.0,"id":"{{{{{Identifier}}}}}"},"schema":{"a":[1]},"more":null},"other":{"info":{}}}""", extensions.GetRawText());
    }

    [Theory]
    [InlineData("""{"other":{"info":{}}}""")]
    [InlineData("""{"payment-identifier":{"info":null}}""")]
    [InlineData("""{"payment-identifier":true}""")]
    [InlineData("""{"payment-identifier":{"info":{"id":"theirs"}}}""")]
    public void An_identifier_is_never_forced_on_a_server(string extensions)
    {
        var challenge = WithExtensions(extensions);

        Assert.False(X402Writer.OffersPaymentIdentifier(challenge));
        Assert.Equal(extensions, Answers.Decode(Write(challenge, Identifier).Value).GetProperty("extensions").GetRawText());
    }

    [Fact]
    public void A_challenge_without_extensions_offers_no_identifier() =>
        Assert.False(X402Writer.OffersPaymentIdentifier(Answers.InHeader(Answers.Document(Answers.Entry()))));

    [Fact]
    public void Above_8_KB_the_schemas_stay_behind_and_the_information_goes_back()
    {
        var challenge = WithExtensions($$$"""{"a":{"info":{"k":1},"schema":{"x":"{{{new string('s', 8000)}}}"}},"payment-identifier":{"info":{"required":false},"schema":{}},"b":[{"schema":1}]}""");

        var header = Write(challenge, Identifier);

        Assert.True(header.Value.Length < X402Writer.ShrinkLength);
        Assert.Equal(
            $$$"""{"a":{"info":{"k":1}},"payment-identifier":{"info":{"required":false,"id":"{{{Identifier}}}"}},"b":[{"schema":1}]}""",
            Answers.Decode(header.Value).GetProperty("extensions").GetRawText());
    }

    [Theory]
    [InlineData(5_000, false)]
    [InlineData(7_500, false)]
    [InlineData(9_000, true)]
    public void Above_12_KB_nothing_is_written(int infoLength, bool tooLarge)
    {
        var challenge = WithExtensions($$$$$"""{"a":{"info":{"k":"{{{{{new string('i', infoLength)}}}}}"}}}""");
        var offer = challenge.Offers[0];

        var header = X402Writer.TryWrite(challenge, offer, Answers.AuthorizationFor(offer), Signature, null);

        Assert.Equal(tooLarge, header is PaymentHeader.TooLarge { Length: > 12 * 1024 });
        Assert.Equal(!tooLarge, header is PaymentHeader.Written { Value.Length: <= 12 * 1024 });
    }

    [Fact]
    public void The_placeholder_is_as_long_as_a_signature() => Assert.Equal(Signature.Length, X402Writer.PlaceholderSignature.Length);

    public static TheoryData<string> OtherTerms => ["amount", "recipient", "asset", "network"];

    [Theory]
    [MemberData(nameof(OtherTerms))]
    public void An_authorization_for_other_terms_never_leaves(string what)
    {
        var challenge = Answers.InHeader(Answers.Document(Answers.Entry()));
        var offer = challenge.Offers[0];
        var right = Answers.AuthorizationFor(offer);
        var wrong = right with
        {
            Terms = what switch
            {
                "amount" => right.Terms with { Value = new TokenAmount(10_001) },
                "recipient" => right.Terms with { To = right.Terms.From },
                "asset" => right.Terms with { Asset = right.Terms.From },
                _ => right.Terms with { Chain = new ChainId(8453) },
            },
        };

        Assert.Throws<ArgumentException>(() => X402Writer.TryWrite(challenge, offer, wrong, Signature, null));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("with space in the middle")]
    [InlineData("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9")]
    public void What_is_no_identifier_is_a_broken_invariant(string identifier)
    {
        var challenge = Answers.InHeader(Answers.Document(Answers.Entry()));

        Assert.Throws<ArgumentException>(() => Write(challenge, identifier));
    }

    [Fact]
    public void A_payment_never_prints_itself() =>
        Assert.Equal("PAYMENT-SIGNATURE: (secret)", Write(Answers.InHeader(Answers.Document(Answers.Entry()))).ToString());

    private static Challenge WithExtensions(string extensions) => Answers.InHeader(Answers.Document(Answers.Entry(), $",\"extensions\":{extensions}"));

    private static PaymentHeader.Written Write(Challenge challenge, string? identifier = null)
    {
        var offer = challenge.Offers[0];
        return Assert.IsType<PaymentHeader.Written>(X402Writer.TryWrite(challenge, offer, Answers.AuthorizationFor(offer), Signature, identifier));
    }

    private static string TextOf(PaymentHeader.Written header) => Encoding.UTF8.GetString(Convert.FromBase64String(header.Value));
}
