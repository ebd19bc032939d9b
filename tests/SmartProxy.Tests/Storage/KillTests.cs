using System.Diagnostics;
using System.Runtime.CompilerServices;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>A process that reserves as fast as it can is killed at random; whatever it acknowledged is still there.</summary>
public sealed class KillTests : IDisposable
{
    private const int Rounds = 50;
    private const int RoundsPerFolder = 10;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_acknowledged_before_kill_9_is_stored_and_the_chain_is_good()
    {
        var random = new Random(4711);
        var acknowledged = new HashSet<PaymentId>();
        for (var round = 0; round < Rounds; round++)
        {
            var folder = _folder.File("data" + (round / RoundsPerFolder));
            if (round % RoundsPerFolder == 0)
            {
                acknowledged.Clear();
            }

            await RunAndKill(folder, round, random, acknowledged);
            await using var ledger = await OpenLedger.OpenAsync(folder, now: DateTimeOffset.UtcNow);
            var stored = await ledger.PaymentsAsync();
            Assert.All(acknowledged, id => Assert.True(stored.ContainsKey(id), $"round {round}: {id} was acknowledged and is gone"));
            Assert.All(stored.Values, state => Assert.Equal(PaymentState.InDoubt, state));
            await ledger.DisposeAsync(); // the second time is harmless
            Assert.Null(LedgerVerify.Check(folder, _ => { }).Problem);
        }

        Assert.NotEmpty(acknowledged);
    }

    private static async Task RunAndKill(string folder, int round, Random random, HashSet<PaymentId> acknowledged)
    {
        using var child = KillChild.Start(folder, round);
        var toRead = random.Next(1, 400);
        while (await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (PaymentId.TryParse(line, out var id))
            {
                acknowledged.Add(id);
            }

            if (--toRead == 0)
            {
                child.Kill();
            }
        }

        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(toRead <= 0, "the child ended by itself: " + await child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
    }
}

/// <summary>The process that is killed: this very test program, told by its environment to reserve instead of testing.</summary>
internal static class KillChild
{
    private const string FolderVariable = "SMARTPROXY_TEST_KILL_FOLDER";
    private const string RoundVariable = "SMARTPROXY_TEST_KILL_ROUND";
    private const int Callers = 32;

    public static Process Start(string folder, int round)
    {
        var program = typeof(KillChild).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", ["exec", program]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[FolderVariable] = folder;
        start.Environment[RoundVariable] = round.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Process.Start(start)!;
    }

    // Runs before Main. Everything of this assembly stays on this one thread, because others would wait for this method to end.
    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { } folder)
        {
            Reserve(folder, int.Parse(Environment.GetEnvironmentVariable(RoundVariable)!, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static void Reserve(string folder, int round)
    {
        using var right = FolderLock.Acquire(folder);
        var host = LedgerHost.Open(right, TimeProvider.System, new SystemRandomSource());
        if (host.Health.PolicyHash is null)
        {
            host.RecordAsync(Purchases.PolicyActivated).AsTask().Wait();
        }

        using var output = new StreamWriter(Console.OpenStandardOutput());
        for (var number = round * 1_000_000; ; number += Callers)
        {
            var calls = new Task<ReserveOutcome>[Callers];
            for (var i = 0; i < Callers; i++)
            {
                calls[i] = host.ReserveAsync(Purchases.Request(number + i, TimeProvider.System.GetUtcNow()), CancellationToken.None).AsTask();
            }

            foreach (var call in calls)
            {
                output.WriteLine(call.GetAwaiter().GetResult() is ReserveOutcome.Reserved reserved ? reserved.Reservation.Id.Value : "refused");
                output.Flush();
            }
        }
    }
}
