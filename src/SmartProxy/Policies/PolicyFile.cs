using SmartProxy.Forwarding;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Installation;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>How the policy file stands, for health.</summary>
/// <param name="File">The file, or the folder of files.</param>
/// <param name="Hash">The policy in force; null when there is none and nothing is paid.</param>
/// <param name="Since">Since when it is in force.</param>
/// <param name="Problems">Why the file as it is now is not in force; empty when it is.</param>
internal sealed record PolicyHealth(string File, Bytes32? Hash, DateTimeOffset? Since, IReadOnlyList<PolicyProblem> Problems);

/// <summary>
/// The policy in force, from a file or a folder of files. A new text is read, checked whole, made known to the ledger, and only then swapped in as one immutable snapshot;
/// whatever is wrong with it, the last good policy stays. See <see cref="PolicyFileWatcher"/> for when it is looked at.
/// </summary>
internal sealed partial class PolicyFile : IPolicyView, IDisposable
{
    private readonly PolicySource _source;
    private readonly AssetRegistry _registry;
    private readonly TimeProvider _time;
    private readonly ILogger<PolicyFile> _logger;
    private readonly Func<PolicySet, string, ValueTask> _activate;
    private readonly SemaphoreSlim _oneReload = new(1, 1);
    private readonly ShadowPolicy? _shadow;
    private volatile Snapshot? _current;
    private volatile PolicyHealth _health;
    private Bytes32? _lastRefused;
    private bool _isRecordUnsure;

    /// <param name="path">The file, or the folder of files.</param>
    /// <param name="registry">The registry of networks and tokens.</param>
    /// <param name="activate">Awaited before a policy comes into force, with the change in words; when it throws, the old policy stays.</param>
    /// <param name="time">For health.</param>
    /// <param name="logger">Receives every change and every refusal of the file.</param>
    /// <param name="shadow">Follows the candidate that the policy in force names.</param>
    /// <param name="source">The file or folder; a seam for tests.</param>
    public PolicyFile(
        string path,
        AssetRegistry registry,
        Func<PolicySet, string, ValueTask> activate,
        TimeProvider time,
        ILogger<PolicyFile> logger,
        ShadowPolicy? shadow = null,
        PolicySource? source = null)
    {
        (_source, _registry, _activate, _time, _logger, _shadow) = (source ?? new PolicySource(path), registry, activate, time, logger, shadow);
        _health = new PolicyHealth(path, null, null, []);
    }

    public event Action? Changed;

    public PolicyHealth Health => _health;

    /// <summary>The policy in force, for words and reports.</summary>
    public PolicySet? Current => _current?.Policy;

    public Bytes32? Hash => _current?.Policy.Hash;

    /// <summary>The name of the candidate beside it, if the policy in force names one.</summary>
    public string? ShadowName => ShadowPolicy.NameIn(Current);

    public (Bytes32? PolicyHash, IReadOnlyList<Verdict> Verdicts) Judge(IReadOnlyList<PaymentQuestion> questions)
    {
        // INVARIANT: one read of the snapshot for all questions; verdicts of two policies never meet in one decision.
        var snapshot = _current;
        return snapshot is null
            ? (null, [.. questions.Select(NoPolicy)])
            : (snapshot.Policy.Hash, [.. questions.Select(snapshot.Evaluator.Judge)]);
    }

    public TunnelTreatment Treat(AgentId agent, HostName host, int port) => TunnelJudge.Judge(Current, agent, host, port) switch
    {
        TunnelRule.Intercept => TunnelTreatment.Intercept,
        TunnelRule.Blind => TunnelTreatment.Blind,
        TunnelRule.Refuse => TunnelTreatment.Refuse,
        TunnelRule.RefusePort => TunnelTreatment.RefusePort,
    };

    public NamedUpstream? UpstreamOf(string merchant) => Current?.UpstreamOf(merchant) is { } upstream ? new NamedUpstream(merchant, upstream.Origin, upstream.BasePath) : null;

    public IReadOnlyList<BudgetLine> LinesOf(AgentId agent) => Current?.LinesOf(agent) ?? [];

    /// <summary>The first look at the file. A broken one leaves the process running and paying nothing.</summary>
    /// <exception cref="PolicyFileException">There is no file: the message says what to do.</exception>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        _source.EnsureExists();
        await ReloadAsync(cancellationToken);
    }

    /// <summary>Looks at the file now. True when what it says is in force afterwards.</summary>
    public async ValueTask<bool> ReloadAsync(CancellationToken cancellationToken)
    {
        await _oneReload.WaitAsync(cancellationToken);
        try
        {
            var (text, problem) = _source.ReadSettled();
            var isInForce = text is null ? Refuse([problem!], fingerprint: null) : await ConsiderAsync(text);
            _shadow?.Follow(ShadowPolicy.PathBeside(_source.Path, Current));
            return isInForce;
        }
        finally
        {
            _oneReload.Release();
        }
    }

    /// <summary>Whether what lies on disk is other than what was last judged; cheap enough to ask every two seconds.</summary>
    public bool MayHaveChanged() => _source.MayHaveChanged() || _shadow?.MayHaveChanged() == true;

    /// <summary>What lies on disk right now, in short: equal while nobody writes.</summary>
    public (Bytes32? Policy, Bytes32? Shadow) Fingerprint() => (_source.Fingerprint(), _shadow?.Fingerprint());

    public void Dispose() => _oneReload.Dispose();

    private async ValueTask<bool> ConsiderAsync(PolicyText text)
    {
        var load = PolicyLoader.Load(text, _registry);
        if (load.Policy is not { } policy)
        {
            return Refuse(load.Problems, Bytes32.Sha256(text.ArchiveBytes.Span));
        }

        if (policy.Hash == Hash && !_isRecordUnsure)
        {
            Accept(policy, _health.Since ?? _time.GetUtcNow());
            return true;
        }

        var change = PolicyChange.Describe(Current, policy);
        try
        {
            CrashPoint.Reach("policy-judged");
            await _activate(policy, change);
            CrashPoint.Reach("policy-recorded");
            _isRecordUnsure = false;
        }
        catch (Exception unrecorded) when (unrecorded is not OutOfMemoryException)
        {
            // What is not recorded does not decide. Forgetting the text makes the next look try again. The record may have been made all the same:
            // until one is known to be good, even a return to the policy in force is recorded.
            _source.Forget();
            _isRecordUnsure = true;
            return Refuse([new PolicyProblem(_source.Path, 0, "", $"the change could not be recorded: {unrecorded.Message}")], Bytes32.Sha256(text.ArchiveBytes.Span));
        }

        _current = new Snapshot(policy, new PolicyEvaluator(policy));
        Accept(policy, _time.GetUtcNow());
        LogActivated(policy.Hash, change);
        Changed?.Invoke();
        return true;
    }

    private void Accept(PolicySet policy, DateTimeOffset since)
    {
        _lastRefused = null;
        _health = new PolicyHealth(_source.Path, policy.Hash, since, []);
    }

    private bool Refuse(IReadOnlyList<PolicyProblem> problems, Bytes32? fingerprint)
    {
        _health = _health with { Problems = problems };
        var told = fingerprint ?? Bytes32.Sha256(System.Text.Encoding.UTF8.GetBytes(problems[0].Message));
        if (_lastRefused == told)
        {
            return false;
        }

        _lastRefused = told;
        foreach (var problem in problems)
        {
            LogProblem(problem);
        }

        if (Hash is { } stays)
        {
            LogKept(problems.Count, stays);
        }
        else
        {
            LogNothingPaid(problems.Count);
        }

        return false;
    }

    private static Verdict.Denied NoPolicy(PaymentQuestion question) =>
        new(question.Offer, DenyReason.NoPolicy, "-", WouldPass: "a policy file without problems: run `smartproxy policy check`");

    private sealed record Snapshot(PolicySet Policy, PolicyEvaluator Evaluator);

    [LoggerMessage(EventId = 1700, Level = LogLevel.Information, Message = "Policy {Hash} is in force: {Change}")]
    private partial void LogActivated(Bytes32 hash, string change);

    [LoggerMessage(EventId = 1701, Level = LogLevel.Error, Message = "Policy problem: {Problem}")]
    private partial void LogProblem(PolicyProblem problem);

    [LoggerMessage(EventId = 1702, Level = LogLevel.Error, Message = "Policy file refused with {Count} problems; the last good policy {Hash} stays in force")]
    private partial void LogKept(int count, Bytes32 hash);

    [LoggerMessage(EventId = 1703, Level = LogLevel.Error, Message = "Policy file refused with {Count} problems; there is no good policy, so nothing is paid")]
    private partial void LogNothingPaid(int count);
}
