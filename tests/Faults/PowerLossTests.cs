using System.Buffers.Binary;
using System.Collections.Concurrent;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// The power goes between any two steps that the journal asked of the disk. Every image that such a cut may leave is opened by the real ledger: what had
/// been acknowledged is there. With <c>SMARTPROXY_LONG=1</c> more than 10,000 images.
/// </summary>
public sealed class PowerLossTests : IDisposable
{
    private static readonly int ImagesPerStep = Long.Is ? 150 : 12;
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact, Trait("invariant", "I2"), Trait("invariant", "I9")]
    public async Task Whenever_the_power_goes_what_was_acknowledged_is_on_the_disk()
    {
        var disk = new RecordingDisk();
        var data = _folder.File("data");
        var answers = new ConcurrentQueue<Answered>();
        disk.Stepping = step => answers.ToList().ForEach(answer => answer.Look(step));
        for (var life = 0; life < 3; life++)
        {
            await LiveAsync(data, disk, answers, life);
        }

        var random = new Random(4711);
        var (steps, images, refused) = (disk.Steps, 0, 0);
        for (var cut = 0; cut <= steps.Count; cut++)
        {
            var loss = PowerLoss.After(steps.Take(cut));
            var due = answers.Where(answer => answer.Before <= cut).Select(answer => answer.Id).ToArray();
            for (var image = 0; image < ImagesPerStep; image++, images++)
            {
                var chance = image switch { 0 => 0, 1 => 100, _ => random.Next(5, 96) };
                using var folder = new TempFolder();
                loss.Write(folder.Path, data, () => random.Next(100) < chance);
                refused += await OpensAsync(folder.Path, due, $"cut after step {cut} ({(cut == 0 ? "" : steps[cut - 1])}), image {image}") ? 0 : 1;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{steps.Count} steps, {images} images, {refused} refused to open");
        Assert.Equal(0, refused);
    }

    // A refusal to start would be safe, and after a mere loss of power it would be wrong.
    private static async Task<bool> OpensAsync(string folder, PaymentId[] due, string when)
    {
        try
        {
            using var right = FolderLock.Acquire(folder);
            await using var ledger = LedgerHost.Open(right, TimeProvider.System, new SeededRandom(1), new RecordingDisk());
            var known = await ledger.QueryAsync((books, _) => books.Payments.Select(payment => payment.Id).ToHashSet(), CancellationToken.None);
            Assert.All(due, id => Assert.True(known.Contains(id), $"{when}: {id} was acknowledged and is gone"));
            return true;
        }
        catch (LedgerUnavailableException e)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{when}: {e.Message}");
            return false;
        }
    }

    /// <summary>One process: it opens, pays in batches of several sizes, books outcomes, and ends without a goodbye in all but the last life.</summary>
    private static async Task LiveAsync(string data, RecordingDisk disk, ConcurrentQueue<Answered> answers, int life)
    {
        using var right = FolderLock.Acquire(data);
        await using var ledger = LedgerHost.Open(right, TimeProvider.System, new SeededRandom(life), disk);
        if (ledger.Health.PolicyHash is null)
        {
            await ledger.RecordAsync(new LedgerEvent.PolicyActivated(Requests.Policy, "{}", "[]", "first"));
        }

        for (var batch = 1; batch <= 4; batch++)
        {
            // While the batch is decided nobody writes but the ledger's one writer, which looks at these answers at each of its steps.
            var asked = Enumerable.Range(0, batch).Select(_ => new Answered(Requests.Next(Start))).ToList();
            asked.ForEach(answers.Enqueue);
            await Task.WhenAll(asked.Select(answer => answer.AskAsync(ledger)));
            foreach (var answer in asked)
            {
                await ledger.RecordAsync(new LedgerEvent.Sent(answer.Id));
            }
        }
    }

    /// <summary>A request, and before which step of the disk its answer was there.</summary>
    private sealed class Answered(ReserveRequest request)
    {
        private Task<ReserveOutcome>? _outcome;

        public PaymentId Id => request.Id;

        public int Before { get; private set; } = int.MaxValue;

        public async Task AskAsync(LedgerHost ledger)
        {
            _outcome = ledger.ReserveAsync(request, CancellationToken.None).AsTask();
            Assert.IsType<ReserveOutcome.Reserved>(await _outcome);
        }

        public void Look(int step) => Before = Before == int.MaxValue && _outcome is { IsCompletedSuccessfully: true } ? step : Before;
    }

    /// <summary>Requests that differ in everything that must.</summary>
    private static class Requests
    {
        public static readonly Bytes32 Policy = Bytes32.Sha256("policy"u8);
        private static readonly Origin Shop = Origin.TryParse("https://api.example", out var origin) ? origin : throw new FormatException();
        private static int _last;

        public static ReserveRequest Next(DateTimeOffset now)
        {
            Span<byte> number = stackalloc byte[10];
            BinaryPrimitives.WriteInt32BigEndian(number, Interlocked.Increment(ref _last));
            var facts = new PaymentFacts(new AgentId("me"), null, "-", Shop, null, null, new ChainId(84532), Address(3), Address(1), new Usd(Terms.Cent));
            return new ReserveRequest
            {
                Id = PaymentId.Create(now, number),
                PolicyHash = Policy,
                Facts = facts,
                Lines = [],
                Terms = new TransferTerms(facts.Network, facts.Asset, "USDC", "2", Address(2), facts.PayTo, new TokenAmount(Terms.Cent), 0, now.ToUnixTimeSeconds() + 60),
                Secret = Bytes32.Sha256(number),
                TermsHash = Bytes32.Sha256("terms"u8),
                RequestDigest = Bytes32.Sha256("request"u8),
                LogicalRequest = Bytes32.Sha256(number),
                IsSafeMethod = true,
                PinsRecipient = false,
                Context = new PaymentContext { Method = "GET", Origin = Shop, Path = "/", Rule = "-", Rail = "x402", ProtocolVersion = 2, Scheme = "exact", AssetSymbol = "USDC", Wallet = "main" },
            };
        }

        private static EvmAddress Address(byte fill) => new(Enumerable.Repeat(fill, EvmAddress.Length).ToArray());
    }
}
