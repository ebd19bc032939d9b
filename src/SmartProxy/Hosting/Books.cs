using SmartProxy.AdminApi;
using SmartProxy.Chain;
using SmartProxy.Connections;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Storage;
using SmartProxy.Wallet;

namespace SmartProxy.Hosting;

/// <summary>Everything of an installation that outlives a connection: lock, keys, journal, policy, credentials, receipts.</summary>
internal sealed class Books : IAsyncDisposable
{
    private readonly Stack<object> _opened = new();

    private Books()
    {
    }

    public required TimeProvider Time { get; init; }

    public required IRandomSource Random { get; init; }

    public required ILoggerFactory Logging { get; init; }

    public Authorities Authorities { get; private set; } = null!;

    public ReceiptKeys ReceiptKeys { get; private set; } = null!;

    public QueryDigester Queries { get; private set; } = null!;

    public AdminToken AdminToken { get; private set; } = null!;

    public LedgerHost Ledger { get; private set; } = null!;

    public Wallets Wallets { get; private set; } = null!;

    /// <summary>The chains whose nodes are configured; none is a keeper that only looks at the clock.</summary>
    public ChainKeeper Chains { get; private set; } = null!;

    public ChainAlarms Alarms { get; private set; } = null!;

    /// <summary>Null when none is configured, or when it has seen what the journal does not hold.</summary>
    public JournalAnchor? Anchor { get; private set; }

    public Metrics Metrics { get; } = new();

    public PolicyFile Policy { get; private set; } = null!;

    /// <summary>The candidate beside the policy, if it names one.</summary>
    public ShadowPolicy Shadow { get; private set; } = null!;

    public CredentialStore Credentials { get; private set; } = null!;

    public AgentAuthenticator Authenticator { get; private set; } = null!;

    public LiteDbReadModel ReadModel { get; private set; } = null!;

    public ReceiptDesk Receipts { get; private set; } = null!;

    public IReadOnlyList<string> Notices { get; private set; } = [];

    /// <exception cref="OperatorException">One line that says what is missing, unreadable or in use, and what to do.</exception>
    public static async Task<Books> OpenAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var books = new Books
        {
            Time = TimeProvider.System,
            Random = new SystemRandomSource(),
            Logging = Logs.Create(settings),
        };
        books._opened.Push(books.Logging);
        try
        {
            await books.OpenAllAsync(settings, cancellationToken);
            return books;
        }
        catch (Exception fault) when (fault is InvalidDataException or ReceiptKeyException or LockedFolderException or PolicyFileException)
        {
            await books.DisposeAsync();
            throw new OperatorException(fault.Message, OperatorException.Failed, fault);
        }
        catch
        {
            await books.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the policy file as it is now is not in force, or null.</summary>
    public string? PolicyTrouble() =>
        Policy.Health.Problems is [var first, ..] problems
            ? $"the policy file was rejected and {(Policy.Hash is null ? "nothing is paid" : "the last good one stays in force")}: {first}{(problems.Count > 1 ? $" (and {problems.Count - 1} more)" : "")}"
            : null;

    /// <summary>Why the candidate beside the policy is not evaluated, or null. The policy in force is not affected.</summary>
    public string? ShadowTrouble() =>
        Shadow.Health is { Problems: [var first, ..] problems }
            ? $"the shadow policy is not evaluated: {first}{(problems.Count > 1 ? $" (and {problems.Count - 1} more)" : "")}"
            : null;

    /// <summary>Whether payments are stopped for everybody, in words, or null.</summary>
    public string? FreezeTrouble() => Ledger.Freeze.Everyone is { } reason ? $"payments are frozen: {reason}" : null;

    public async ValueTask DisposeAsync()
    {
        while (_opened.TryPop(out var opened))
        {
            switch (opened)
            {
                case IAsyncDisposable later:
                    await later.DisposeAsync();
                    break;
                case IDisposable now:
                    now.Dispose();
                    break;
            }
        }
    }

    private async Task OpenAllAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var data = settings.Data;
        var folder = Keep(FolderLock.Acquire(data.Path));
        Authorities = new Authorities(new AuthorityFolder(data.CertificateAuthority), Time, Logging.CreateLogger<Authorities>());
        ReceiptKeys = Keep(ReceiptKeys.Load(data.ReceiptsKey));
        Queries = new QueryDigester(QueryKey.Load(data));
        AdminToken = AdminToken.Load(data.AdminToken);
        Credentials = CredentialStore.Open(new CredentialFile(data.Credentials), Time);

        Ledger = Keep(LedgerHost.Open(folder, Time, Random, options: settings.Options.Ledger));
        ReadModel = Keep(LiteDbReadModel.Open(data.Path, Ledger));
        Receipts = Keep(new ReceiptDesk(Ledger, ReadModel, new ReceiptIssuer(ReceiptKeys, Time), Logging.CreateLogger<ReceiptDesk>()));
        Wallets = await WalletLoader.LoadAsync(settings, Ledger, Time);
        foreach (var wallet in Wallets.All)
        {
            Keep(wallet.Value);
        }

        if (settings.Options.Ledger.Anchor is { } anchor && await JournalAnchor.OpenAsync(Ledger, anchor, data, Time, Logging.CreateLogger<JournalAnchor>()) is { } kept)
        {
            Anchor = Keep(kept);
        }

        await WatchChainsAsync(settings, cancellationToken);

        Shadow = new ShadowPolicy(AssetRegistry.Default, Time, Logging.CreateLogger<ShadowPolicy>());
        var activation = new PolicyActivation(settings.Installation.Mode, Ledger);
        Policy = Keep(new PolicyFile(settings.Policy, AssetRegistry.Default, activation.RecordAsync, Time, Logging.CreateLogger<PolicyFile>(), Shadow));
        await Policy.StartAsync(cancellationToken);
        if (Policy.Current is { } current)
        {
            Receipts.Know(current.Hash, current.Registry);
        }

        await Keep(new PolicyFileWatcher(Policy, Time, Logging.CreateLogger<PolicyFileWatcher>())).StartAsync(cancellationToken);
        Authenticator = Keep(new AgentAuthenticator(Credentials, DeclaredTokens, Time));
        Notices = [.. new string?[]
        {
            Ledger.Repair,
            Ledger.Distrust,
            ReadModel.Rebuilt is { } why && Ledger.Health.Sequence > 2 ? $"the index was made anew because {why}" : null,
            PolicyTrouble(),
            ShadowTrouble(),
            FreezeTrouble(),
            Anchor?.Notice,
            settings.UsesDevKey ? "payments are signed with a raw key from the environment: for development only" : null,
        }.OfType<string>(), .. ChainTrouble()];
    }

    /// <summary>What is wrong with the chains, with payments on them, with the anchor, or with the room on the disk, in words.</summary>
    public IEnumerable<string> ChainTrouble() =>
        [.. Alarms.Standing, .. new[] { Anchor?.Trouble, Ledger.DiskTrouble }.OfType<string>()];

    // Signers are asked through the clock and the balances from here on.
    private async Task WatchChainsAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        Alarms = new ChainAlarms(Metrics, Logging.CreateLogger<ChainAlarms>());
        var funds = new WalletFunds();
        var clock = new ClockWatch(Time, new BootClock(), Ledger, Logging.CreateLogger<ClockWatch>());
        Chains = Keep(ChainSetup.Keeper(settings.Options.Networks, settings.Installation.Mode, Ledger, [.. Wallets.All.Select(wallet => wallet.Value.Address)], funds, Alarms, Time, Logging));
        Wallets = new Wallets(Wallets.All.ToDictionary(wallet => wallet.Key, IWallet (wallet) => new GatedWallet(wallet.Value, Ledger, clock, Chains, funds, Time)));
        await Chains.StartAsync(clock, ChainSetup.FirstLook, cancellationToken);
    }

    private IReadOnlyList<string> DeclaredTokens(AgentId agent) =>
        [.. (Policy.Current?.TokenHashes ?? []).Where(declared => declared.Agent == agent).Select(declared => declared.Hash.ToHex())];

    private T Keep<T>(T opened)
        where T : notnull
    {
        _opened.Push(opened);
        return opened;
    }
}
