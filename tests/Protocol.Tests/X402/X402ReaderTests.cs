using System.Numerics;
using System.Text;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Protocol.Tests.X402;

public sealed class X402ReaderTests
{
    [Fact]
    public void Sixty_four_offers_are_read_and_sixty_five_are_too_many()
    {
        Assert.Equal(64, Answers.InHeader(Answers.Document(Entries(64))).Offers.Count);

        var challenge = Answers.InHeader(Answers.Document(Entries(65)));
        Assert.Equal((ChallengeClass.Malformed, "too_many_offers"), (challenge.Class, challenge.Reason));
        Assert.Empty(challenge.Offers);
    }

    [Theory]
    [InlineData(64 * 1024, "ok")]
    [InlineData((64 * 1024) + 1, "too_large")]
    public void A_document_of_more_than_64_KiB_is_too_large_in_the_header_and_in_the_body(int length, string reason)
    {
        var document = Answers.Document(Answers.Entry());
        document += new string(' ', length - document.Length);

        Assert.Equal(reason, Answers.InHeader(document).Reason);
        Assert.Equal(reason, Answers.InBody(document).Reason);
    }

    [Theory]
    [InlineData(32, "ok")]
    [InlineData(33, "too_deep")]
    public void Thirty_two_levels_are_read_and_no_more(int levels, string reason)
    {
        // The document itself is the first level.
        var deep = $",\"deep\":{new string('[', levels - 1)}{new string(']', levels - 1)}";

        Assert.Equal(reason, Answers.InHeader(Answers.Document(Answers.Entry(), deep)).Reason);
        Assert.Equal(reason, Answers.InBody(Answers.Document(Answers.Entry(), deep)).Reason);
    }

    [Theory]
    [InlineData("{\"x402Version\":2,\"accepts\":[],\"accepts\":[]}")]
    [InlineData("{\"x402Version\":2,\"accepts\":[],\"\\u0061ccepts\":[]}")]
    [InlineData("{\"x402Version\":2,\"accepts\":[],\"extensions\":{\"a\":{\"b\":1,\"b\":1}}}")]
    public void A_repeated_name_is_refused_at_any_depth_and_in_any_spelling(string document)
    {
        Assert.Equal("duplicate_keys", Answers.InHeader(document).Reason);
        Assert.Equal("duplicate_keys", Answers.InBody(document).Reason);
    }

    [Theory]
    [InlineData("// note\n{}")]
    [InlineData("{\"x402Version\":2,\"accepts\":[],}")]
    [InlineData("{\"x402Version\":2,\"accepts\":[]} {}")]
    [InlineData("\uFEFF{\"x402Version\":2,\"accepts\":[]}")]
    [InlineData("{\"x402Version\":2,\"error\":\"\\ud800\",\"accepts\":[]}")]
    [InlineData("{\"x402Version\":2,\"error\":\"a\0b\",\"accepts\":[]}")]
    [InlineData("{'x402Version':2}")]
    public void What_is_not_strict_JSON_is_refused(string document) => Assert.Equal("bad_json", Answers.InHeader(document).Reason);

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_refused()
    {
        var bytes = Encoding.Latin1.GetBytes(Answers.Document(Answers.Entry(), ",\"note\":\"caf\u00e9\""));

        Assert.Equal("bad_json", Answers.InHeaderLine(Convert.ToBase64String(bytes)).Reason);
    }

    [Theory]
    [InlineData("ACCEPTS")]
    [InlineData("Accepts")]
    public void Names_are_case_sensitive(string name) =>
        Assert.Equal("bad_accepts", Answers.InHeader($"{{\"x402Version\":2,\"{name}\":[{Answers.Entry()}]}}").Reason);

    [Theory]
    [InlineData("2.0", "bad_version")]
    [InlineData("2e0", "bad_version")]
    [InlineData("null", "bad_version")]
    [InlineData("true", "bad_version")]
    [InlineData("99999999999999999999", "bad_version")]
    [InlineData("-2", "unsupported_version")]
    public void The_version_is_an_integer_written_as_one(string version, string reason) =>
        Assert.Equal(reason, Answers.InHeader($"{{\"x402Version\":{version},\"accepts\":[{Answers.Entry()}]}}").Reason);

    [Theory]
    [InlineData("\"resource\":\"https://api.example.test\"", "bad_resource")]
    [InlineData("\"resource\":[]", "bad_resource")]
    [InlineData("\"resource\":null", "ok")]
    [InlineData("\"extensions\":[]", "bad_extensions")]
    [InlineData("\"extensions\":\"x\"", "bad_extensions")]
    public void Resource_and_extensions_are_objects_or_absent(string member, string reason) =>
        Assert.Equal(reason, Answers.InHeader($"{{\"x402Version\":2,{member},\"accepts\":[{Answers.Entry()}]}}").Reason);

    [Fact]
    public void A_strict_reader_forgives_nothing()
    {
        var strict = Answers.Profile with { IsLenient = false };
        var document = Encoding.UTF8.GetBytes($"{{\"x402Version\":2,\"accepts\":[{Answers.Entry()}]}}");
        var line = Convert.ToBase64String(document);

        var inBody = X402Reader.Read(402, Answers.Headers(), document, bodyIsWhole: true, null, null, strict);
        var inHeader = X402Reader.Read(402, Answers.Headers((X402Reader.HeaderName, line)), default, bodyIsWhole: true, null, null, strict);

        Assert.Equal((ChallengeClass.Malformed, "v2_without_header"), (inBody.Class, inBody.Reason));
        Assert.Equal((ChallengeClass.Malformed, "resource_missing"), (inHeader.Class, inHeader.Reason));
    }

    [Theory]
    [InlineData("60.0", "bad_timeout")]
    [InlineData("6e1", "bad_timeout")]
    [InlineData("9223372036854775808", "bad_timeout")]
    [InlineData("9223372036854775807", "ok")]
    [InlineData("1", "ok")]
    public void The_timeout_is_an_integer_that_fits(string timeout, string reason) =>
        Assert.Equal(reason, Answers.InHeader(Answers.Document(Answers.Entry().Replace("\"maxTimeoutSeconds\":60", $"\"maxTimeoutSeconds\":{timeout}", StringComparison.Ordinal))).Reason);

    [Fact]
    public void A_short_timeout_is_flagged()
    {
        var entry = Answers.Entry().Replace(":60,", ":9,", StringComparison.Ordinal);

        Assert.Equal(["short_timeout"], Answers.InHeader(Answers.Document(entry)).Flags);
    }

    [Theory]
    [InlineData("http://api.example.test/paid", false)]
    [InlineData("https://API.example.test:8443/other?x=1", false)]
    [InlineData("/paid", false)]
    [InlineData("", false)]
    [InlineData("https://api.example.test.evil.example/paid", true)]
    [InlineData("https://api.example.test@evil.example/", true)]
    [InlineData("https://xn--pi-5ja.example.test/", true)]
    [InlineData("x402://tool", true)]
    [InlineData("//evil.example/", true)]
    [InlineData("not a url", true)]
    [InlineData("https://\u06d4\u0694.example/", true)]
    [InlineData("https://api.example.test\\u0694/", true)]
    public void A_resource_on_another_host_is_flagged(string url, bool flagged)
    {
        var document = $"{{\"x402Version\":2,\"resource\":{{\"url\":\"{url}\"}},\"accepts\":[{Answers.Entry()}]}}";

        Assert.Equal(flagged ? ["resource_mismatch"] : [], Answers.InHeader(document).Flags);
    }

    [Fact]
    public void What_was_offered_is_said_in_ASCII_within_256_characters()
    {
        var entries = Enumerable.Range(1, 60).Select(i => Answers.Entry(network: $"eip155:{i}")).Prepend(Answers.Entry(network: "x\\r\\nSet-Cookie: \u00e9,"));

        var challenge = Answers.InHeader(Answers.Document(string.Join(',', entries)));

        Assert.StartsWith("exact x??Set-Cookie:???, exact eip155:1, ", challenge.Offered, StringComparison.Ordinal);
        Assert.InRange(challenge.Offered.Length, 230, 256);
        Assert.True(Ascii.IsValid(challenge.Offered));
    }

    [Fact]
    public void An_offer_is_named_once_however_often_it_comes() =>
        Assert.Equal("exact eip155:84532", Answers.InHeader(Answers.Document(Entries(5))).Offered);

    [Theory]
    [InlineData(true, "x", "no_signal", ChallengeClass.NotX402)]
    [InlineData(false, "{\"x402Version\":1,\"accepts\":[", "incomplete_body", ChallengeClass.Malformed)]
    [InlineData(false, "{\"data\":{\"x402Version\":1},\"accepts\":[", "no_signal", ChallengeClass.NotX402)]
    [InlineData(false, "\u001f\u008b", "no_signal", ChallengeClass.NotX402)]
    public void A_body_that_is_not_whole_is_never_paid(bool isWhole, string body, string reason, ChallengeClass expected)
    {
        var challenge = Answers.InBody(body, isWhole);

        Assert.Equal((expected, reason), (challenge.Class, challenge.Reason));
    }

    [Fact]
    public void A_page_is_not_searched_for_terms() =>
        Assert.Equal("no_signal", Answers.InBody(Answers.Version1Document(Answers.Version1Entry()), contentType: "text/html; charset=utf-8").Reason);

    [Fact]
    public void An_entry_that_is_well_formed_but_not_ours_says_more_than_a_broken_one()
    {
        var challenge = Answers.InHeader(Answers.Document($"{Answers.Entry(amount: "ten")},{Answers.Entry(network: "eip155:1")}"));

        Assert.Equal((ChallengeClass.Unsupported, "unsupported_network"), (challenge.Class, challenge.Reason));
    }

    [Fact]
    public void An_offer_holds_every_value_of_its_entry()
    {
        var offer = Answers.InHeader(Answers.Document(Answers.Entry(amount: "20000", changes: ",\"vendor\": [1 ,2]"))).Offers.Single();

        Assert.Equal(("x402", 2, 0, "exact"), (offer.Rail, offer.Version, offer.Index, offer.Scheme));
        Assert.Equal((new ChainId(84532), "eip155:84532"), (offer.Network, offer.NetworkText));
        Assert.Equal(new BigInteger(20000), offer.Amount);
        Assert.Equal("0x036CbD53842c5426634e7929541eC2318f3dCF7e", offer.Asset.ToString());
        Assert.Equal("0x209693Bc6afc0C5328bA36FaF03C514EF312287C", offer.PayTo.ToString());
        Assert.Equal((60L, "USDC", "2", false), (offer.MaxTimeoutSeconds, offer.DomainName, offer.DomainVersion, offer.IsUpfront));
        Assert.Equal(Answers.Entry(amount: "20000", changes: ",\"vendor\": [1 ,2]"), offer.Original);
    }

    [Fact]
    public void A_version_1_name_that_only_people_use_is_not_on_the_wire()
    {
        var profile = Answers.Profile with { Networks = new HashSet<ChainId> { new(42161) } };
        var body = Answers.Version1Document(Answers.Version1Entry().Replace("base-sepolia", "arbitrum", StringComparison.Ordinal));

        var challenge = X402Reader.Read(402, Answers.Headers(), Encoding.UTF8.GetBytes(body), bodyIsWhole: true, null, null, profile);

        Assert.Equal("unsupported_network", challenge.Reason);
    }

    private static string Entries(int count) => string.Join(',', Enumerable.Repeat(Answers.Entry(), count));
}
