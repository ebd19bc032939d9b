using System.Threading.Channels;
using LiteDB;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// What can be listed and searched: payments, refusals and receipts. It follows the durable lines of the journal at its own pace, can be
/// deleted at any time, and is never asked whether money may move. One loop makes every call to the database, which does not stand two.
/// </summary>
internal sealed class LiteDbReadModel : IAsyncDisposable
{
    public const string FileName = "index.db";

    /// <summary>The longest page, in payments.</summary>
    public const int MaxPage = 500;

    private const int LinesPerTransaction = 1000;

    // A filter on two things reads along one index; so many documents may be passed over on the way.
    private const int MaxScanned = 20_000;

    private readonly LedgerHost _ledger;
    private readonly string _path;
    private readonly Channel<Action?> _work = Channel.CreateBounded<Action?>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly Task _loop;
    private ReadModelFile _file;

    private LiteDbReadModel(LedgerHost ledger, string path, ReadModelFile file)
    {
        (_ledger, _path, _file) = (ledger, path, file);
        _ledger.Durable += Follow;
        _loop = Task.Run(RunAsync);
        _work.Writer.TryWrite(null);
    }

    /// <summary>Why the index was made anew at start, in words, or null.</summary>
    public string? Rebuilt { get; private init; }

    /// <summary>Opens the index of a data folder and lets it catch up; makes it anew when it is missing, corrupt or of another journal.</summary>
    public static LiteDbReadModel Open(string dataFolder, LedgerHost ledger)
    {
        var path = Path.Combine(dataFolder, FileName);
        var (file, rebuilt) = ReadModelFile.OpenOrCreate(path, ledger);
        return new LiteDbReadModel(ledger, path, file) { Rebuilt = rebuilt };
    }

    /// <summary>Payments and refusals, newest first.</summary>
    /// <param name="query">Which.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<IReadOnlyList<PaymentDocument>> PaymentsAsync(PaymentQuery query, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<PaymentDocument>>(() => [.. _file.Newest(query).Take(MaxScanned).Where(query.Matches).Take(Math.Clamp(query.Limit, 1, MaxPage))], cancellationToken);

    public Task<PaymentDocument?> FindPaymentAsync(PaymentId id, CancellationToken cancellationToken) => AskAsync(() => _file.FindPayment(id), cancellationToken);

    /// <summary>Stores a receipt under its id; the same id again replaces it.</summary>
    /// <param name="id">The receipt's id.</param>
    /// <param name="agent">Whose it is.</param>
    /// <param name="jws">Its text.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task PutReceiptAsync(string id, AgentId agent, string jws, CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            _file.PutReceipt(id, agent, jws);
            return true;
        },
        cancellationToken);

    /// <summary>A receipt and whose it is; null when there is none.</summary>
    public Task<StoredReceipt?> FindReceiptAsync(string id, CancellationToken cancellationToken) => AskAsync(() => _file.FindReceipt(id), cancellationToken);

    /// <summary>Returns when every line that is durable now can be found.</summary>
    public Task CatchUpAsync(CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            Apply();
            return true;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _ledger.Durable -= Follow;
        _work.Writer.TryComplete();
        await _loop;
        _file.Dispose();
    }

    // Full means that a look at the journal is coming anyway.
    private void Follow(IReadOnlyList<JournalLine> lines) => _work.Writer.TryWrite(null);

    private async Task<T> AskAsync<T>(Func<T> question, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _work.Writer.WriteAsync(
            () =>
            {
                try
                {
                    answer.TrySetResult(question());
                }
                catch (Exception e)
                {
                    answer.TrySetException(e);
                    Recover();
                }
            },
            cancellationToken);
        return await answer.Task.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            if (work is not null)
            {
                work();
                continue;
            }

            try
            {
                Apply();
            }
            catch (Exception e) when (e is LiteException or IOException or InvalidDataException)
            {
                Recover();
            }
        }
    }

    private void Apply()
    {
        foreach (var lines in _ledger.ReadAfter(_file.AppliedSequence).Chunk(LinesPerTransaction))
        {
            _file.Apply(lines);
        }
    }

    // The engine shuts itself after many failures; opening it again, or making it anew, is always right because the journal is the truth.
    private void Recover()
    {
        _file.Dispose();
        (_file, _) = ReadModelFile.OpenOrCreate(_path, _ledger);
    }
}

/// <summary>Which payments to list.</summary>
/// <param name="Agent">Of this agent only.</param>
/// <param name="Merchant">At this merchant (or host) only.</param>
/// <param name="Outcome">With this outcome only.</param>
/// <param name="Before">Older than this number: the last one of the page before.</param>
/// <param name="Limit">At most so many, 1 to <see cref="LiteDbReadModel.MaxPage"/>.</param>
internal sealed record PaymentQuery(AgentId? Agent = null, string? Merchant = null, string? Outcome = null, long Before = long.MaxValue, int Limit = 50)
{
    public bool Matches(PaymentDocument payment) =>
        (Agent is null || payment.Agent == Agent)
        && (Merchant is null || payment.Merchant == Merchant)
        && (Outcome is null || payment.Outcome == Outcome);
}

/// <param name="Agent">Whose it is: nobody else may see it.</param>
/// <param name="Jws">Its text.</param>
internal sealed record StoredReceipt(AgentId Agent, string Jws);
