using System.Text;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Protocol.Tests.X402;

public sealed class SettlementTests
{
    [Fact]
    public void Without_a_header_there_is_no_claim() => Assert.IsType<SettlementReading.Absent>(SettlementReader.Read(Answers.Headers()));

    [Fact]
    public void The_header_of_version_2_comes_before_that_of_version_1()
    {
        var reading = SettlementReader.Read(Answers.Headers(
            ("X-PAYMENT-RESPONSE", Encoded("""{"success":false}""")), ("payment-response", Encoded("""{"success":true,"transaction":"0x1"}"""))));

        Assert.True(reading is SettlementReading.Claim { Success: true, Transaction: "0x1" });
    }

    [Fact]
    public void A_claim_holds_what_the_seller_says() =>
        Assert.Equal(
            new SettlementReading.Claim(true, "0xab", "eip155:8453", "0xcd", new TokenAmount(1858), "none"),
            Read("""{"success":true,"transaction":"0xab","network":"eip155:8453","payer":"0xcd","amount":"1858","errorReason":"none","requirements":{}}"""));

    [Fact]
    public void Absent_and_foreign_members_are_empty() =>
        Assert.Equal(
            new SettlementReading.Claim(false, "", "", null, null, null),
            Read("""{"success":false,"transaction":null,"payer":7,"amount":5}"""));

    [Theory]
    [InlineData("""{"transaction":"0xab"}""", "bad_success")]
    [InlineData("""{"success":"true"}""", "bad_success")]
    [InlineData("""{"success":1}""", "bad_success")]
    [InlineData("""{"success":false,"success":true}""", "bad_json")]
    [InlineData("""[true]""", "bad_json")]
    [InlineData("""{"success":true""", "bad_json")]
    public void A_claim_that_can_be_read_in_two_ways_is_unreadable(string document, string reason) =>
        Assert.Equal(new SettlementReading.Unreadable(reason), Read(document));

    [Theory]
    [InlineData("!!!", "bad_base64")]
    [InlineData("", "bad_base64")]
    public void A_line_that_is_not_base64_is_unreadable(string line, string reason) =>
        Assert.Equal(new SettlementReading.Unreadable(reason), SettlementReader.Read(Answers.Headers(("PAYMENT-RESPONSE", line))));

    [Fact]
    public void Two_lines_are_unreadable()
    {
        var line = ("PAYMENT-RESPONSE", Encoded("""{"success":true,"transaction":"0x1"}"""));

        Assert.Equal(new SettlementReading.Unreadable("duplicate_header"), SettlementReader.Read(Answers.Headers(line, line)));
    }

    [Fact]
    public void Latin_1_text_of_version_1_servers_is_read()
    {
        var bytes = Encoding.Latin1.GetBytes("""{"success":false,"errorReason":"caf\u00e9 é"}""");

        var reading = SettlementReader.Read(Answers.Headers(("X-PAYMENT-RESPONSE", Convert.ToBase64String(bytes))));

        Assert.Equal("café é", Assert.IsType<SettlementReading.Claim>(reading).ErrorReason);
    }

    [Fact]
    public void Texts_are_cut_and_free_of_control_and_format_characters()
    {
        var claim = Assert.IsType<SettlementReading.Claim>(Read(
            $$"""{"success":false,"transaction":"{{new string('a', 200)}}","errorReason":"no\r\n\u0000\u001b[31m\u202e\u2028yes{{new string('x', 300)}}"}"""));

        Assert.Equal(128, claim.Transaction.Length);
        Assert.StartsWith("no[31myesx", claim.ErrorReason, StringComparison.Ordinal);
        Assert.Equal(256, claim.ErrorReason!.Length);
    }

    public static TheoryData<int?, string, string> Answered => new()
    {
        // status, settlement, outcome
        { null, "-", "in doubt no_answer" },
        { 200, Success, "settled delivered" },
        { 204, Success, "settled delivered" },
        { 304, Success, "settled delivered" },
        { 400, Success, "settled" },
        { 402, Success, "settled" },
        { 500, Success, "settled" },
        { 200, """{"success":true,"transaction":""}""", "in doubt settlement_missing delivered" },
        { 402, """{"success":false,"transaction":"","errorReason":"insufficient_funds"}""", "in doubt settlement_failed" },
        { 200, """{"success":false,"transaction":""}""", "in doubt settlement_failed delivered" },
        { 402, """{"success":false,"transaction":"0xab"}""", "in doubt settlement_pending" },
        { 402, """{"success":false,"transaction":"","errorReason":"settlement_pending"}""", "in doubt settlement_pending" },
        { 500, """{"success":false,"transaction":"0xab"}""", "in doubt settlement_pending" },
        { 402, "-", "in doubt refused_after_payment" },
        { 412, "-", "in doubt refused_after_payment" },
        { 409, "-", "in doubt refused_after_payment" },
        { 404, "-", "in doubt refused_after_payment" },
        { 500, "-", "in doubt settlement_missing" },
        { 502, "-", "in doubt settlement_missing" },
        { 200, "-", "in doubt settlement_missing delivered" },
        { 302, "-", "in doubt settlement_missing delivered" },
        { 200, "broken", "in doubt settlement_missing delivered" },
        { 402, "broken", "in doubt refused_after_payment" },
    };

    [Theory]
    [MemberData(nameof(Answered))]
    public void No_answer_frees_the_money(int? status, string settlement, string expected)
    {
        SettlementReading reading = settlement switch
        {
            "-" => new SettlementReading.Absent(),
            "broken" => new SettlementReading.Unreadable("bad_base64"),
            _ => Read(settlement),
        };

        Assert.Equal(expected, Words(SettlementOutcome.Of(status, reading)));
    }

    private const string Success = """{"success":true,"transaction":"0xab"}""";

    private static string Words(SettlementOutcome outcome) => outcome switch
    {
        SettlementOutcome.Settled settled => settled.Delivered ? "settled delivered" : "settled",
        SettlementOutcome.InDoubt doubt => $"in doubt {doubt.Why}{(doubt.Delivered ? " delivered" : "")}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static SettlementReading Read(string document) => SettlementReader.Read(Answers.Headers(("PAYMENT-RESPONSE", Encoded(document))));

    private static string Encoded(string document) => Convert.ToBase64String(Encoding.UTF8.GetBytes(document));
}
