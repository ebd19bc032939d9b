using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.AdminApi;
using SmartProxy.Demo;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.Wallet;
using SmartProxy.Wallet.Keys;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Drill;

/// <summary>
/// The real policy, books, payment flow and signer around a throwaway key, a chain in memory and a journal in memory. Nothing outside is touched: no
/// data folder, no key, no network.
/// </summary>
internal sealed class Sandbox : IAsyncDisposable
{
    // What a key signs at most belongs to the key and not to the policy; the drill is about the policy.
    private static readonly SignerCaps NoCaps = new() { PerPayment = Usd.MaxValue, PerDay = Usd.MaxValue };

    private const int KeyLength = 32;

    private static readonly TokenAmount Riches = new(UInt128.MaxValue >> 2);

    private readonly PolicySet _policy;
    private readonly string? _wallet;
    private readonly IRandomSource _random;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(KeyLength);
    private readonly string _path = Directory.CreateTempSubdirectory("smartproxy-drill-").FullName;
    private readonly FolderLock _folder;
    private readonly SandboxDisk _disk = new();
    private readonly ConcurrentDictionary<PaymentId, ReserveRequest> _reserved = new();
    private readonly ConcurrentDictionary<Asset, SimulatedChain> _chains = new();
    private LedgerHost _ledger = null!;
    private ReservationSigner _signer = null!;
    private ApprovalDesk _approvals = null!;
    private RefusalDesk _refusals = null!;
    private PaymentFlow _flow = null!;

    private Sandbox(PolicySet policy, string? wallet, IRandomSource random, DateTimeOffset start)
    {
        (_policy, _wallet, _random, Clock) = (policy, wallet, random, new SandboxClock(start));
        _folder = FolderLock.Acquire(_path);
    }

    public SandboxClock Clock { get; }

    /// <summary>Everything that was signed, in order.</summary>
    public ConcurrentQueue<SignedPayment> Signed { get; } = new();

    /// <param name="policy">The policy that is tried.</param>
    /// <param name="wallet">The wallet that it names for the agent, or null.</param>
    /// <param name="random">Chance.</param>
    /// <param name="start">When the drill begins.</param>
    public static async Task<Sandbox> OpenAsync(PolicySet policy, string? wallet, IRandomSource random, DateTimeOffset start)
    {
        var sandbox = new Sandbox(policy, wallet, random, start);
        await sandbox.StartAsync();
        return sandbox;
    }

    public async Task AskAsync(HostileCall call) => await _flow.RunAsync(call);

    /// <summary>A person agrees to what a refusal asks. False when it asks nothing.</summary>
    public async Task<bool> AgreeAsync(Refusal refusal)
    {
        var id = refusal.Members.FirstOrDefault(member => member.Key == "approval").Value;
        if (!PaymentId.TryParse(id, out var approval))
        {
            return false;
        }

        await _ledger.RecordAsync(new LedgerEvent.ApprovalAnswered(approval, Approved: true, "drill", "agrees to everything", Clock.GetUtcNow() + TimeSpan.FromMinutes(5)));
        return true;
    }

    /// <summary>The process ends and another one goes on from its journal.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Somebody hands a signature in. What the chain moved, in dollars; nothing when it refused.</summary>
    public Usd Settle(SignedPayment payment)
    {
        var facts = payment.Request.Facts;
        var chain = _chains.GetOrAdd(_policy.Registry.TryFind(facts.Network, facts.Asset, out var asset) ? asset : throw new LedgerInvariantException("a payment in an unknown token"), NewChain);
        return chain.Transfer(payment.Authorization, payment.Signature) is null ? facts.Value : Usd.Zero;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    private SimulatedChain NewChain(Asset token)
    {
        var chain = new SimulatedChain(token, (authorization, signature) => TransferWithAuthorization.TryRecover(authorization, signature, out var signer) ? signer : null, Clock);
        chain.Fund(_signer.Address, Riches);
        return chain;
    }

    private async Task StartAsync()
    {
        _ledger = LedgerHost.Open(_folder, Clock, _random, _disk);
        if (_ledger.Health.PolicyHash is null)
        {
            await _ledger.RecordAsync(new LedgerEvent.PolicyActivated(_policy.Hash, _policy.Text, _policy.Registry.CanonicalText, "drill"));
        }

        var books = new WitnessLedger(_ledger, _reserved);
        _signer = new ReservationSigner(SecretKey.TryCreate(_key, out var key) ? key! : throw new CryptographicException("a random key is none: start the drill again"), new LedgerReservations(books), NoCaps, Clock);
        var (view, queries, presented) = (new FixedPolicy(_policy), new QueryDigester(new byte[QueryDigester.KeyLength]), new PresentedPayments(Clock));
        var wallets = new Wallets(new Dictionary<string, IWallet> { [_wallet ?? "main"] = new WitnessWallet(_signer, this) });
        var claims = new Claims(view, books, wallets, queries, presented, _random, Clock);
        _approvals = new ApprovalDesk(_ledger, _random, Clock, NullLogger<ApprovalDesk>.Instance);
        _approvals.StopWaiting(); // nobody waits for people in a drill
        _refusals = new RefusalDesk(books, view, queries, _random, Clock, NullLogger<RefusalDesk>.Instance);
        _flow = new PaymentFlow(
            claims, _approvals, new QuoteDesk(claims, new LedgerForesight(_ledger)), books, new PolicyNetworks(() => _policy.Registry), _refusals, presented, new SellerPapers(Clock), new Metrics(),
            NullLogger<PaymentFlow>.Instance);
    }

    private async Task StopAsync()
    {
        _approvals.Dispose();
        _refusals.Dispose();
        await _ledger.DisposeAsync();
        _signer.Dispose();
    }

    /// <summary>Captures every signature where it is made.</summary>
    private sealed class WitnessWallet(IWallet wallet, Sandbox sandbox) : IWallet
    {
        public EvmAddress Address => wallet.Address;

        public async ValueTask<SignOutcome> SignAsync(PaymentId reservation, CancellationToken cancellationToken)
        {
            var outcome = await wallet.SignAsync(reservation, cancellationToken);
            if (outcome is SignOutcome.Signed signed)
            {
                sandbox.Signed.Enqueue(new SignedPayment(sandbox._reserved[reservation], sandbox.Clock.GetUtcNow(), signed.Authorization, signed.Signature));
            }

            return outcome;
        }
    }
}
