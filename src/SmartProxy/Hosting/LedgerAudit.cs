using SmartProxy.Chain;
using SmartProxy.Installation;
using SmartProxy.Storage;

namespace SmartProxy.Hosting;

/// <summary><c>ledger verify</c>: the journal by itself, and where nodes are named, against their chains.</summary>
internal static class LedgerAudit
{
    // One answer may cover the whole history.
    private static readonly TimeSpan NodeTimeout = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(LedgerVerification asked, TextWriter output, CancellationToken cancellationToken)
    {
        var journal = LedgerVerify.Run(asked.Data.Path, output, asked.Json);
        if (journal != LedgerVerify.Good || asked.Rpc.Count == 0)
        {
            return journal;
        }

        var notary = new LedgerNotary();
        _ = LedgerVerify.Check(asked.Data.Path, notary.Take);
        try
        {
            var report = await notary.CompareAsync([.. asked.Rpc.Select(url => ChainSetup.Node(url, NodeTimeout))], asked.FromBlock, cancellationToken);
            await output.WriteLineAsync($"the chain explains {report.Explained} settled payments");
            foreach (var claim in report.Unproven)
            {
                await output.WriteLineAsync("only claimed: " + claim);
            }

            foreach (var problem in report.Problems)
            {
                await output.WriteLineAsync("NOT good: " + problem);
            }

            return report.Problems.Count == 0 ? LedgerVerify.Good : LedgerVerify.Bad;
        }
        catch (EthRpcException fault)
        {
            await output.WriteLineAsync($"the chain could not be read: {fault.Message}; nothing is proven, try another --rpc");
            return LedgerVerify.Unreadable;
        }
    }
}

/// <summary>What <c>ledger verify</c> asks.</summary>
/// <param name="Data">The stopped system.</param>
/// <param name="Json">Whether the answer is one JSON object.</param>
/// <param name="Rpc">Nodes to compare with, one per chain; empty leaves the chain out.</param>
/// <param name="FromBlock">The first block to read.</param>
internal sealed record LedgerVerification(DataFolder Data, bool Json, IReadOnlyList<Uri> Rpc, long FromBlock);
