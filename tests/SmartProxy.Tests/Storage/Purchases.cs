using System.Buffers.Binary;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Storage;

/// <summary>Requests for payments that differ from each other in everything that must be unique.</summary>
internal static class Purchases
{
    public static readonly Bytes32 Policy = Bytes32.Sha256([.. "{}"u8, .. Bytes32.Sha256("[]"u8).ToArray()]);
    public static readonly LedgerEvent PolicyActivated = new LedgerEvent.PolicyActivated(Policy, "{}", "[]", "first");

    private static readonly Origin Shop = Parse("https://api.example");

    public static BudgetLine Total(string agent, ulong micros) =>
        new($"agents.{agent}.limits.total", BudgetOwner.Agent(new AgentId(agent)), new SpendScope("agent=" + agent, facts => facts.Agent.Value == agent), new SpendWindow.Total(), new Usd(micros));

    public static ReserveRequest Request(int number, DateTimeOffset now, string agent = "me", ulong micros = 10_000, params BudgetLine[] lines)
    {
        Span<byte> random = stackalloc byte[10];
        BinaryPrimitives.WriteInt32BigEndian(random, number);
        var facts = new PaymentFacts(
            new AgentId(agent), null, "research", Shop, "exa", null, new ChainId(84532), Address(0x03), Address(0x11), new Usd(micros));
        return new ReserveRequest
        {
            Id = PaymentId.Create(now, random),
            PolicyHash = Policy,
            Facts = facts,
            Lines = lines,
            Terms = new TransferTerms(facts.Network, facts.Asset, "USDC", "2", Address(0x22), facts.PayTo, new TokenAmount(micros), 0, now.ToUnixTimeSeconds() + 60),
            Secret = Bytes32.Sha256(random),
            TermsHash = Bytes32.Sha256("terms"u8),
            RequestDigest = Bytes32.Sha256("request"u8),
            LogicalRequest = Bytes32.Sha256(random),
            IsSafeMethod = true,
            PinsRecipient = true,
            Context = Context,
        };
    }

    public static PaymentContext Context { get; } = new()
    {
        Method = "GET",
        Origin = Shop,
        Path = "/search",
        Rule = "policies.research.allow[0] exa",
        Rail = "x402",
        ProtocolVersion = 2,
        Scheme = "exact",
        AssetSymbol = "USDC",
        Wallet = "main",
    };

    public static LedgerEvent Settled(PaymentId id) => new LedgerEvent.Settled(id, new SettlementClaim(true, "0xabc", "eip155:84532", null, null, null), 200, true);

    public static LedgerEvent Refused(int number, DateTimeOffset now, string agent = "me") => new LedgerEvent.Refused(
        Request(number, now).Id, new AgentId(agent), "merchant_not_allowed", Context, new RefusalFigures(Price: new Usd(5)), Bytes32.Sha256("t"u8), Bytes32.Sha256("r"u8), Policy);

    private static Origin Parse(string text) => Origin.TryParse(text, out var origin) ? origin : throw new FormatException(text);

    private static EvmAddress Address(byte fill) => new(Enumerable.Repeat(fill, EvmAddress.Length).ToArray());
}
