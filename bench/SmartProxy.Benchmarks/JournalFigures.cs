using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Benchmarks;

/// <summary>
/// How long a start and a verification take on a journal of so many payments: <c>journal make DIR N</c> once, then <c>journal open DIR</c> and
/// <c>journal verify DIR</c>, each in a process of its own.
/// </summary>
internal static class JournalFigures
{
    private const int BatchLines = 3000;
    private static readonly Bytes32 Policy = Bytes32.Sha256("policy"u8);

    public static void Run(ReadOnlySpan<string> args)
    {
        var started = Stopwatch.GetTimestamp();
        var lines = args[0] switch
        {
            "make" => Make(args[1], int.Parse(args[2], CultureInfo.InvariantCulture)),
            "open" => Open(args[1]),
            "follow" => Follow(args[1]),
            "verify" => LedgerVerify.Check(args[1], _ => { }) is { Problem: null } report ? report.Lines : throw new InvalidDataException("not good"),
            "scan" => JournalScan.Read(args[1], _ => { }).Sequence,
            var other => throw new ArgumentException($"expected `make`, `open`, `follow`, `verify` or `scan`, found `{other}`"),
        };
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var processor = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{args[0]}: {lines:N0} lines in {seconds:F2} s, {lines / seconds:N0} a second; {processor:F2} s of processor; peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB, {GC.GetTotalPauseDuration().TotalSeconds:F2} s of it collecting ({GC.CollectionCount(0)}, {GC.CollectionCount(1)}, {GC.CollectionCount(2)} times), {GC.GetTotalAllocatedBytes() >> 20} MiB allocated"));
    }

    private static long Open(string folder)
    {
        using var right = FolderLock.Acquire(folder);
        var host = LedgerHost.Open(right, TimeProvider.System, new SystemRandomSource());
        var lines = host.Health.Sequence;
        host.DisposeAsync().AsTask().Wait();
        return lines;
    }

    // What the watch of a chain reads behind a start.
    private static long Follow(string folder)
    {
        using var right = FolderLock.Acquire(folder);
        var host = LedgerHost.Open(right, TimeProvider.System, new SystemRandomSource());
        var started = Stopwatch.GetTimestamp();
        var book = new Chain.ChainBook(host, new ChainId(84532));
        book.CatchUp();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"of it {Stopwatch.GetElapsedTime(started).TotalSeconds:F2} s to follow {book.Sequence:N0} lines"));
        host.DisposeAsync().AsTask().Wait();
        return book.Sequence;
    }

    private static long Make(string folder, int payments)
    {
        using var right = FolderLock.Acquire(folder);
        var opened = JournalRecovery.Open(folder, new PosixDisk(), new Options.LedgerOptions());
        using var journal = opened.Journal;
        using var digest = opened.Digest;
        var (writer, ledger, bytes) = (new JournalWriter(0, default), new BudgetLedger(), new ArrayBufferWriter<byte>(8 << 20));
        var now = new DateTimeOffset(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);
        Add(new JournalEntry.Opened(Policy));
        Add(new JournalEntry.Recorded(new LedgerEvent.PolicyActivated(Policy, "{}", "[]", "bench")));
        for (var number = 0; number < payments; number++)
        {
            now = now.AddMilliseconds(1500);
            var request = Request(number, now);
            Add(ledger.Decide(request, now, writer.Head).Entry!);
            Add(new JournalEntry.Recorded(new LedgerEvent.Sent(request.Id)));
            Add(new JournalEntry.Recorded(new LedgerEvent.Settled(request.Id, new SettlementClaim(true, request.Secret.ToString(), "eip155:84532", null, null, null), 200, true, request.TermsHash)));
            if (number % (BatchLines / 3) == 0)
            {
                Flush();
            }
        }

        Flush();
        return writer.Sequence;

        void Add(JournalEntry entry) => ledger.Apply(writer.Append(entry, ledger.Tick(now), bytes));

        void Flush()
        {
            journal.Append(bytes.WrittenSpan, writer.Sequence, writer.Head);
            bytes.ResetWrittenCount();
        }
    }

    private static ReserveRequest Request(int number, DateTimeOffset now)
    {
        Span<byte> random = stackalloc byte[10];
        BitConverter.TryWriteBytes(random, number);
        var unique = Bytes32.Sha256(random);
        var agent = new AgentId($"researcher-{number % 200}");
        var shop = Origin.TryParse($"https://api{number % 50}.example", out var origin) ? origin : default;
        var payTo = new EvmAddress(unique.ToArray().AsSpan(0, 1).ToArray().Concat(new byte[19]).ToArray());
        var facts = new PaymentFacts(agent, "lab", "research", shop, "exa", "search", new ChainId(84532), default, payTo, new Usd(10_000));
        return new ReserveRequest
        {
            Id = PaymentId.Create(now, random),
            PolicyHash = Policy,
            Facts = facts,
            Lines = [new BudgetLine($"agents.{agent}.limits.day", BudgetOwner.Agent(agent), new SpendScope("agent=" + agent, paid => paid.Agent == agent), new SpendWindow.Calendar(CalendarPeriod.Day, TimeZoneInfo.Utc), new Usd(UInt128.One << 90))],
            Terms = new TransferTerms(facts.Network, facts.Asset, "USDC", "2", default, payTo, new TokenAmount(10_000), 0, now.ToUnixTimeSeconds() + 60),
            Secret = unique,
            TermsHash = Bytes32.Sha256("terms"u8),
            RequestDigest = unique,
            LogicalRequest = unique,
            IsSafeMethod = true,
            PinsRecipient = false,
            Context = new PaymentContext
            {
                Method = "GET",
                Origin = shop,
                Path = $"/search/{number % 40}",
                Rule = "policies.research.allow[0] exa",
                Rail = "x402",
                ProtocolVersion = 2,
                Scheme = "exact",
                AssetSymbol = "USDC",
                Wallet = "main",
                Trace = [new TraceStep("policies.research.allow[0]", TraceSaying.Allows, "exa"), new TraceStep("policies.research.limits.day", TraceSaying.Limits, null)],
            },
        };
    }
}
