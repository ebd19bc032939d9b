using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.AdminApi;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;
using SmartProxy.Wallet;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Tests.Payments;

/// <summary>The real flow over a real policy, a real journal on disk and a real signer; only the origin is a script.</summary>
internal sealed class FlowKit : IAsyncDisposable
{
    public static readonly EvmAddress Usdc = EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e");

    private readonly TempFolder _folder = new();
    private readonly ReservationSigner _signer;

    private FlowKit(OpenLedger ledger, PolicySet policy, ShadowPolicy? shadow)
    {
        (Ledger, View) = (ledger, new SwappablePolicy(policy));
        Assert.True(SecretKey.TryParse("0x0000000000000000000000000000000000000000000000000000000000000002", out var key));
        _signer = new ReservationSigner(key!, new LedgerReservations(ledger.Host), new SignerCaps(), ledger.Time);
        Wallet = new WatchedWallet(_signer, ledger.Host);
        var queries = new QueryDigester(new byte[QueryDigester.KeyLength]);
        var random = new SeededRandom(7);
        var presented = new PresentedPayments(ledger.Time);
        var wallets = new Wallets(new Dictionary<string, IWallet> { ["main"] = Wallet });
        var claims = new Claims(View, ledger.Host, wallets, queries, presented, random, ledger.Time, shadow);
        Approvals = new ApprovalDesk(ledger.Host, random, ledger.Time, NullLogger<ApprovalDesk>.Instance);
        Flow = new PaymentFlow(
            claims, Approvals, new QuoteDesk(claims, new LedgerForesight(ledger.Host)), ledger.Host, new PolicyNetworks(() => null),
            new RefusalDesk(ledger.Host, View, queries, random, ledger.Time, NullLogger<RefusalDesk>.Instance), presented, new SellerPapers(ledger.Time), new Metrics(), NullLogger<PaymentFlow>.Instance);
    }

    public OpenLedger Ledger { get; }

    public SwappablePolicy View { get; }

    public PaymentFlow Flow { get; }

    public ApprovalDesk Approvals { get; }

    public WatchedWallet Wallet { get; }

    public EvmAddress Payer => _signer.Address;

    public static async Task<FlowKit> CreateAsync(string limits = """ "payment": "0.05", "day": "1.00" """, ShadowPolicy? shadow = null)
    {
        var folder = new TempFolder();
        var policy = Policy(OfOneAgent(limits));
        var ledger = await OpenLedger.OpenAsync(folder.Path);
        var kit = new FlowKit(ledger, policy, shadow);
        await kit.ActivateAsync(policy);
        return kit;
    }

    public static string OfOneAgent(string limits) =>
        """{ "networks": ["base-sepolia"], "agents": { "me": { "allow": ["*"], "limits": { LIMITS } } } }""".Replace("LIMITS", limits, StringComparison.Ordinal);

    public static PolicySet Policy(string text)
    {
        var load = PolicyLoader.Load(Encoding.UTF8.GetBytes(text), "policies.json", AssetRegistry.Default);
        return load.Policy ?? throw new InvalidDataException(string.Join('\n', load.Problems));
    }

    public async Task ActivateAsync(PolicySet policy)
    {
        await Ledger.Host.RecordAsync(new LedgerEvent.PolicyActivated(policy.Hash, policy.Text, "[]", "test"));
        View.Swap(policy);
    }

    /// <summary>A version 2 challenge of one or more offers.</summary>
    public static HeldAnswer Challenge(params (long Amount, string PayTo)[] offers) => Challenge("", offers);

    /// <param name="promise">Further members of <c>resource</c>, each led by a comma.</param>
    /// <param name="offers">Amounts and recipients.</param>
    public static HeldAnswer Challenge(string promise, params (long Amount, string PayTo)[] offers)
    {
        var entries = offers.Select(offer =>
            $$$"""{"scheme":"exact","network":"eip155:84532","amount":"{{{offer.Amount}}}","asset":"{{{Usdc}}}","payTo":"{{{offer.PayTo}}}","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}}""");
        var document = $$"""{"x402Version":2,"error":"Payment required","resource":{"url":"https://api.seller.test/paid"{{promise}}},"accepts":[{{string.Join(',', entries)}}]}""";
        return new HeldAnswer(
            new AnswerHead(402, new HeaderDictionary { ["PAYMENT-REQUIRED"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(document)) }), "{}"u8.ToArray(), IsBodyWhole: true);
    }

    public static HeldAnswer Cent(string payTo = "0x1111111111111111111111111111111111111111") => Challenge((10_000, payTo));

    /// <summary>200 with a settlement that names a transaction.</summary>
    public static ScriptedAnswer Paid(string payment) =>
        ScriptedAnswer.Of(200, ("PAYMENT-RESPONSE", Base64("""{"success":true,"transaction":"0xabc","network":"eip155:84532"}""")));

    public static ScriptedAnswer SettleFailed(string payment) =>
        ScriptedAnswer.Of(402, ("PAYMENT-RESPONSE", Base64("""{"success":false,"transaction":"","network":"eip155:84532","errorReason":"fetch failed"}""")));

    public async Task<PaymentState> StateAsync()
    {
        var payments = await Ledger.PaymentsAsync();
        return Assert.Single(payments).Value;
    }

    /// <summary>Who signed the payment that the seller got, and over which nonce.</summary>
    public static (EvmAddress Signer, string Nonce, string Value) Open(string header)
    {
        using var document = System.Text.Json.JsonDocument.Parse(Convert.FromBase64String(header));
        var payload = document.RootElement.GetProperty("payload");
        var authorization = payload.GetProperty("authorization");
        string Text(string name) => authorization.GetProperty(name).GetString()!;
        Assert.True(Bytes32.TryParse(Text("nonce"), out var nonce));
        Assert.True(TokenAmount.TryParse(Text("value"), out var value));
        var terms = new TransferTerms(
            new ChainId(84532), Usdc, "USDC", "2", EvmAddress.Parse(Text("from")), EvmAddress.Parse(Text("to")), value,
            long.Parse(Text("validAfter"), System.Globalization.CultureInfo.InvariantCulture), long.Parse(Text("validBefore"), System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(TransferWithAuthorization.TryRecover(new TransferAuthorization(terms, nonce), payload.GetProperty("signature").GetString(), out var signer));
        return (signer, Text("nonce"), Text("value"));
    }

    public async ValueTask DisposeAsync()
    {
        Approvals.Dispose();
        await Ledger.DisposeAsync();
        _signer.Dispose();
        _folder.Dispose();
    }

    private static string Base64(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json));

    /// <summary>Notes, each time that a signature is asked for, whether its reservation was there to be found.</summary>
    internal sealed class WatchedWallet(IWallet inner, ILedger ledger) : IWallet
    {
        public List<bool> Asked { get; } = [];

        public EvmAddress Address => inner.Address;

        public async ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken)
        {
            Asked.Add(await ledger.FindReservationAsync(reservation, cancellationToken) is not null);
            return await inner.SignAsync(reservation, cancellationToken);
        }
    }

    /// <summary>A policy in force that a test can swap.</summary>
    internal sealed class SwappablePolicy(PolicySet? policy) : IPolicyView
    {
        private PolicySet? _policy = policy;

        public event Action? Changed;

        /// <summary>Runs between judging and the answer, once.</summary>
        public Action? AfterJudging { get; set; }

        /// <summary>What is added to every allowed verdict, where a test wants a guard of its own.</summary>
        public PaymentGuards Guards { get; set; } = PaymentGuards.None;

        public Bytes32? Hash => _policy?.Hash;

        public void Swap(PolicySet? policy)
        {
            _policy = policy;
            Changed?.Invoke();
        }

        public (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IReadOnlyList<PaymentQuestion> questions)
        {
            var policy = _policy;
            if (policy is null)
            {
                return (null, [.. questions.Select(question => new Verdict.Denied(question.Offer, DenyReason.NoPolicy, "-"))]);
            }

            var evaluator = new PolicyEvaluator(policy);
            IReadOnlyList<Verdict> verdicts = [.. questions.Select(question => Guarded(evaluator.Judge(question)))];
            var after = AfterJudging;
            AfterJudging = null;
            after?.Invoke();
            return (policy.Hash, verdicts);
        }

        private Verdict Guarded(Verdict verdict) => verdict is Verdict.Allowed allowed && Guards != PaymentGuards.None ? allowed with { Guards = Guards } : verdict;

        public NamedUpstream? UpstreamOf(string merchant) => null;

        public TunnelTreatment Treat(AgentId agent, HostName host, int port) => TunnelTreatment.Intercept;

        public IReadOnlyList<BudgetLine> LinesOf(AgentId agent) => _policy?.LinesOf(agent) ?? [];
    }
}
