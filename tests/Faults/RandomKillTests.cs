using System.Diagnostics;
using System.Globalization;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// <c>kill -9</c> at random under load: the product's books and payment flow pay as fast as they can and are killed at a random edge, at a random
/// payment that a seller has just got, or at a random answer. With <c>SMARTPROXY_LONG=1</c> 1,200 times.
/// </summary>
public sealed class RandomKillTests
{
    private const int Lanes = 3;
    private const int MostPayments = 120;
    private static readonly int Rounds = Long.Is ? 1_200 : 210;

    [Fact, Trait("invariant", "I1"), Trait("invariant", "I2"), Trait("invariant", "I3")]
    public async Task Whenever_it_is_killed_nothing_acknowledged_is_lost_nothing_unreserved_was_signed_and_no_limit_is_passed()
    {
        using var template = await Installation.MakeAsync(Installation.SinkHost, """ "total": "1.20" """);
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(() => RunLaneAsync(template, lane))));
    }

    // A folder is used until its limit is; then exactly that much must be reserved, after however many crashes.
    private static async Task RunLaneAsync(Installation template, int lane)
    {
        var random = new Random(lane);
        for (var round = 0; round < Rounds / Lanes;)
        {
            using var installation = template.Copy();
            using var sink = new SignatureSink();
            var receipts = new List<string>();
            for (var isUsedUp = false; !isUsedUp && round < Rounds / Lanes; round++)
            {
                isUsedUp = await RunAndKillAsync(installation, sink, receipts, random);
                var reserved = await Evidence.CheckAsync(installation, receipts, sink.Nonces, MostPayments);
                Assert.True(!isUsedUp || reserved == MostPayments, $"refused at {reserved} of {MostPayments} payments");
            }

            Assert.NotEmpty(receipts);
        }
    }

    /// <summary>One life. True when it ended by itself because the limit was reached.</summary>
    private static async Task<bool> RunAndKillAsync(Installation installation, SignatureSink sink, List<string> receipts, Random random)
    {
        var (kind, left) = (random.Next(3), random.Next(1, 20));
        using var payer = Payer.Start(installation, sink, kind == 0 ? "*#" + random.Next(1, 500).ToString(CultureInfo.InvariantCulture) : null);
        sink.Paid = () => KillWhen(kind == 1 && Interlocked.Decrement(ref left) == 0, payer);
        var refusals = 0;
        while (await payer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith("paid ", StringComparison.Ordinal))
            {
                receipts.Add(line["paid ".Length..]);
                KillWhen(kind == 2 && Interlocked.Decrement(ref left) == 0, payer);
            }
            else
            {
                Assert.Equal("refused budget_exceeded", line);
                refusals++;
            }
        }

        await payer.WaitForExitAsync(TestContext.Current.CancellationToken);
        sink.Paid = null;
        Assert.True(payer.ExitCode == ProxyProcess.Killed || refusals > 0, "it ended by itself: " + await payer.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        return refusals > 0;
    }

    private static void KillWhen(bool isTime, Process payer)
    {
        if (isTime)
        {
            payer.Kill();
        }
    }
}
