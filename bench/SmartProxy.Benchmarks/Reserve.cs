using System.Buffers;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Benchmarks;

/// <summary>
/// What a reservation costs: decided in memory, and durable with 1 and with 64 callers, against appending and syncing the same bytes without
/// deciding anything. Each reservation draws on five limits. Compare within one run.
/// </summary>
[InProcess, MemoryDiagnoser]
[SimpleJob(RunStrategy.Throughput, warmupCount: 3, iterationCount: 10)]
public class Reserve
{
    private const int Callers = 64;
    private const int Rounds = 16;

    private static readonly Bytes32 Policy = Bytes32.Sha256("policy"u8);
    private static readonly Origin Shop = Origin.TryParse("https://api.example", out var origin) ? origin : default;
    private static readonly BudgetLine[] Lines =
    [
        Line("agent/hour", "agent=me", new SpendWindow.Rolling(TimeSpan.FromHours(1))),
        Line("agent/day", "agent=me", new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc)),
        Line("agent/total", "agent=me", new SpendWindow.Total()),
        Line("org/day", "*", new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc)),
        Line("org/month", "*", new SpendWindow.Calendar(CalendarPeriod.Month, TimeZoneInfo.Utc)),
    ];

    private readonly PaymentContext _context = new()
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

    private readonly BudgetLedger _books = new();
    private readonly JournalWriter _writer = new(0, default);
    private readonly ArrayBufferWriter<byte> _bytes = new(1 << 20);
    private string _folder = "";
    private FolderLock? _lock;
    private LedgerHost? _host;
    private IDiskFile? _raw;
    private byte[] _line = [];
    private long _rawLength;
    private int _number;

    [GlobalSetup]
    public void Open()
    {
        _folder = Directory.CreateTempSubdirectory("smartproxy-bench-").FullName;
        _lock = FolderLock.Acquire(_folder);
        _host = LedgerHost.Open(_lock, TimeProvider.System, new SystemRandomSource());
        _host.RecordAsync(new LedgerEvent.PolicyActivated(Policy, "{}", "[]", "bench")).AsTask().Wait();
        Append(new JournalEntry.Opened(default));
        Append(new JournalEntry.Recorded(new LedgerEvent.PolicyActivated(Policy, "{}", "[]", "bench")));
        _bytes.ResetWrittenCount();
        DecideInMemory();
        _line = _bytes.WrittenSpan.ToArray();
        _raw = new PosixDisk().Open(Path.Combine(_folder, "raw"));
    }

    [GlobalCleanup]
    public async Task Close()
    {
        await _host!.DisposeAsync();
        _lock!.Dispose();
        _raw!.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Description = "decide, apply and compose the line, in memory")]
    public void DecideInMemory()
    {
        _bytes.ResetWrittenCount();
        Append(_books.Decide(Next(), DateTimeOffset.UtcNow, _writer.Head).Entry!);
    }

    [Benchmark(Description = "raw append and sync, one line each")]
    public void RawOne() => AppendRaw(_line);

    [Benchmark(Description = "durable reservation, 1 caller")]
    public async Task DurableOne() => await _host!.ReserveAsync(Next(), CancellationToken.None);

    [Benchmark(Description = "raw append and sync, 64 lines each", OperationsPerInvoke = Callers)]
    public void RawMany() => AppendRaw([.. Enumerable.Repeat(_line, Callers).SelectMany(bytes => bytes)]);

    [Benchmark(Description = "durable reservation, 64 callers", OperationsPerInvoke = Callers * Rounds)]
    public Task DurableMany() => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
    {
        for (var round = 0; round < Rounds; round++)
        {
            await _host!.ReserveAsync(Next(), CancellationToken.None);
        }
    })));

    private static BudgetLine Line(string id, string key, SpendWindow window) =>
        new(id, key == "*" ? BudgetOwner.Organization : BudgetOwner.Agent(new AgentId("me")), new SpendScope(key, facts => key == "*" || facts.Agent.Value == "me"), window, new Usd(UInt128.One << 90));

    private void Append(JournalEntry entry) => _books.Apply(_writer.Append(entry, _books.Tick(DateTimeOffset.UtcNow), _bytes));

    private void AppendRaw(byte[] bytes)
    {
        _rawLength += _raw!.Write(bytes, _rawLength);
        _raw.Sync();
    }

    private ReserveRequest Next()
    {
        var now = DateTimeOffset.UtcNow;
        Span<byte> random = stackalloc byte[10];
        BitConverter.TryWriteBytes(random, Interlocked.Increment(ref _number));
        var unique = Bytes32.Sha256(random);
        var facts = new PaymentFacts(new AgentId("me"), "lab", "research", Shop, "exa", "search", new ChainId(84532), default, default, new Usd(10_000));
        return new ReserveRequest
        {
            Id = PaymentId.Create(now, random),
            PolicyHash = Policy,
            Facts = facts,
            Lines = Lines,
            Terms = new TransferTerms(facts.Network, facts.Asset, "USDC", "2", default, facts.PayTo, new TokenAmount(10_000), 0, now.ToUnixTimeSeconds() + 60),
            Secret = unique,
            TermsHash = Policy,
            RequestDigest = unique,
            LogicalRequest = unique,
            IsSafeMethod = true,
            PinsRecipient = true,
            Context = _context,
        };
    }
}
