using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>How the candidate stands.</summary>
/// <param name="File">The candidate's file or folder.</param>
/// <param name="Hash">What is evaluated; null when nothing is.</param>
/// <param name="Problems">Why the candidate as it is now is not evaluated; empty when it is.</param>
internal sealed record ShadowHealth(string File, Bytes32? Hash, IReadOnlyList<PolicyProblem> Problems);

/// <summary>
/// A candidate beside the policy in force (<c>"shadow": "NAME"</c>): read with the same care, asked the same questions, and never obeyed.
/// What it would have said goes on record with every decision.
/// </summary>
internal sealed partial class ShadowPolicy
{
    /// <summary>The longest that a decision waits for the candidate; a later answer is not recorded.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly AssetRegistry _registry;
    private readonly TimeProvider _time;
    private readonly ILogger<ShadowPolicy> _logger;
    private readonly Func<PolicySet, Func<PaymentQuestion, Verdict>> _evaluator;
    private volatile ShadowVerdicts? _current;
    private PolicySource? _source;
    private Bytes32? _lastLook;
    private long _nextComplaint;

    /// <param name="registry">The registry of networks and tokens.</param>
    /// <param name="time">For patience.</param>
    /// <param name="logger">Receives every change and every problem of the candidate.</param>
    /// <param name="evaluator">Judges under a policy; a seam for tests.</param>
    public ShadowPolicy(AssetRegistry registry, TimeProvider time, ILogger<ShadowPolicy> logger, Func<PolicySet, Func<PaymentQuestion, Verdict>>? evaluator = null) =>
        (_registry, _time, _logger, _evaluator) = (registry, time, logger, evaluator ?? (static policy => new PolicyEvaluator(policy).Judge));

    /// <summary>Null when the policy in force names no candidate.</summary>
    public ShadowHealth? Health { get; private set; }

    /// <summary>Where the candidate lies that a policy names: beside the policy's file or folder.</summary>
    public static string? PathBeside(string path, PolicySet? policy) =>
        NameIn(policy) is { } name ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name) : null;

    public static string? NameIn(PolicySet? policy) => policy?.Shadow;

    /// <summary>Looks at the candidate. Whatever is wrong with it, nothing is thrown, and the policy in force is not touched.</summary>
    /// <param name="path">The file or folder, or null for none.</param>
    public void Follow(string? path)
    {
        if (path is null)
        {
            (_source, _current, Health) = (null, null, null);
            return;
        }

        try
        {
            Look(_source?.Path == path ? _source : _source = new PolicySource(path));
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            Refuse(path, [new PolicyProblem(path, 0, "", broken.Message)]);
        }
    }

    public bool MayHaveChanged() => _source is { } source && source.Fingerprint() != _lastLook;

    public Bytes32? Fingerprint() => _source?.Fingerprint();

    /// <summary>What the candidate says to the offers of one 402, its guards and limits included; null when there is none, or when it fails or takes too long.</summary>
    public async ValueTask<ShadowSaying?> SayAsync(IReadOnlyList<PaymentQuestion> questions, ShadowPrepare prepare, ILedger ledger)
    {
        if (_current is not { } candidate)
        {
            return null;
        }

        try
        {
            // On a thread of its own, so that not even a candidate that never comes back is waited for.
            using var impatience = new CancellationTokenSource(Patience, _time);
            var token = impatience.Token;
            return await Task.Run(() => candidate.SayAsync(questions, prepare, ledger, token).AsTask(), token).WaitAsync(Patience, _time);
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            Complain(failed);
            return null;
        }
    }

    private void Look(PolicySource source)
    {
        _lastLook = source.Fingerprint();
        var (text, problem) = source.ReadSettled();
        var load = text is null ? new PolicyLoad(null, [problem!], []) : PolicyLoader.Load(text, _registry);
        if (load.Policy is not { } policy)
        {
            Refuse(source.Path, load.Problems);
            return;
        }

        _lastLook = Bytes32.Sha256(text!.ArchiveBytes.Span);
        if (_current?.Hash != policy.Hash)
        {
            _current = new ShadowVerdicts(policy.Hash, _evaluator(policy));
            LogFollowed(policy.Hash, source.Path);
        }

        Health = new ShadowHealth(source.Path, policy.Hash, []);
    }

    // Unlike the policy in force, a broken candidate is not replaced by the last good one: what it says would be taken for the new text's.
    private void Refuse(string path, IReadOnlyList<PolicyProblem> problems)
    {
        var isNews = Health is not { } known || !known.Problems.SequenceEqual(problems);
        (_current, Health) = (null, new ShadowHealth(path, null, problems));
        foreach (var problem in isNews ? problems : [])
        {
            LogProblem(problem);
        }
    }

    private void Complain(Exception failed)
    {
        var (now, next) = (_time.GetTimestamp(), Interlocked.Read(ref _nextComplaint));
        if (now >= next && Interlocked.CompareExchange(ref _nextComplaint, now + (long)(Quiet.TotalSeconds * _time.TimestampFrequency), next) == next)
        {
            LogFailed(failed is TimeoutException or OperationCanceledException ? "it took too long" : failed.Message);
        }
    }

    [LoggerMessage(EventId = 1720, Level = LogLevel.Information, Message = "Shadow policy {Hash} from {Path} is evaluated beside the policy in force, and not obeyed")]
    private partial void LogFollowed(Bytes32 hash, string path);

    [LoggerMessage(EventId = 1721, Level = LogLevel.Warning, Message = "Shadow policy problem: {Problem}; the candidate is not evaluated, the policy in force is not affected")]
    private partial void LogProblem(PolicyProblem problem);

    [LoggerMessage(EventId = 1722, Level = LogLevel.Warning, Message = "The shadow policy did not answer ({Reason}); the decision is recorded without it")]
    private partial void LogFailed(string reason);
}
