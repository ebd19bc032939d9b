using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Tests.Receipts;

/// <summary>Facts of a paid and of a refused request, to be changed by <c>with</c>.</summary>
internal static class ReceiptSamples
{
    public const string DecisionRecord = """{"secret":"0x00","agent":"me","note":"größer 🔑 \"quoted\""}""";

    public static readonly DateTimeOffset Decided = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    public static PaymentId Payment { get; } = PaymentId.Create(Decided, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

    public static PaymentContext Context { get; } = new()
    {
        Method = "GET",
        Origin = new Origin(IsHttps: true, Host("api.exa.example"), 443),
        Path = "/v1/search",
        QueryHmac = "0xabcd",
        Rule = "agents.me.allow[0] *",
        Rail = "x402",
        ProtocolVersion = 2,
        Scheme = "exact",
        AssetSymbol = "USDC",
        Tags = new Dictionary<string, string> { ["costCenter"] = "4711", ["area"] = "lab" },
        Trace = [new TraceStep("agents.me.allow[0] *", TraceSaying.Allows, "*"), new TraceStep("agents.me.limits.payment", TraceSaying.Limits, "at most 0.05 USD")],
    };

    public static ReceiptFacts Paid { get; } = new()
    {
        Payment = Payment,
        Outcome = ReceiptOutcome.Paid,
        Agent = new AgentId("me"),
        Group = "lab",
        Policy = "research",
        Merchant = "exa",
        Category = "search",
        Context = Context,
        TermsHash = Hash("terms"),
        RequestDigest = Hash("request"),
        ResponseDigest = Hash("response"),
        PolicyHash = Hash("policy"),
        Limits = [new ReceiptLimit("agents.me.limits.day", Dollars(1_000_000), Dollars(0), Dollars(10_000), Dollars(990_000), Decided.AddHours(12))],
        Approval = PaymentId.Parse("01kjaskedaaaaaaaaaaaaaaaaa"),
        Grants = [new GrantUse(PaymentId.Parse("01kjgrantaaaaaaaaaaaaaaaaa"), Dollars(3_000))],
        Reserved = new ReservedTransfer(Authorization(), Dollars(10_000), DecisionRecord),
        UsdPerToken = Dollars(1_000_000),
        Status = 200,
        Delivered = true,
        Claim = new SettlementClaim(Success: true, "0xfeed", "eip155:84532", "0x857b06519E91e3A54538791bDbb0E22373e36b66", new TokenAmount(10_000), null),
        DecidedAt = Decided,
        FinishedAt = Decided.AddSeconds(1),
        ReserveLine = new LedgerLine(7, Hash("line 7")),
        OutcomeLine = new LedgerLine(9, Hash("line 9")),
    };

    public static ReceiptFacts Refused { get; } = Paid with
    {
        Outcome = ReceiptOutcome.Refused,
        Reason = "amount_over_payment_limit",
        Figures = new RefusalFigures(
            Price: Dollars(2_000_000),
            PayTo: Shop,
            Network: new ChainId(84532),
            Asset: Usdc,
            Amount: "2000000",
            Limit: Dollars(50_000),
            Spent: Dollars(1),
            Held: Dollars(2),
            Remaining: Dollars(49_997),
            ResetsAt: Decided.AddHours(12)),
        Reserved = null,
        Limits = [],
        UsdPerToken = null,
        ResponseDigest = null,
        Status = null,
        Delivered = null,
        Claim = null,
        ReserveLine = null,
        Count = 3,
    };

    private static EvmAddress Shop => EvmAddress.Parse("0x209693Bc6afc0C5328bA36FaF03C514EF312287C");

    private static EvmAddress Usdc => EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e");

    public static TransferAuthorization Authorization(string decisionRecord = DecisionRecord)
    {
        var payer = EvmAddress.Parse("0x857b06519E91e3A54538791bDbb0E22373e36b66");
        var terms = new TransferTerms(new ChainId(84532), Usdc, "USDC", "2", payer, Shop, new TokenAmount(10_000), 0, 1_780_000_060);
        return new TransferAuthorization(terms, Bytes32.Keccak256(Encoding.UTF8.GetBytes(decisionRecord)));
    }

    public static Bytes32 Hash(string text) => Bytes32.Sha256(Encoding.UTF8.GetBytes(text));

    private static Usd Dollars(uint micros) => new(micros);

    private static HostName Host(string text) => HostName.TryParse(text, out var host) ? host : throw new ArgumentException(text);
}
