using SmartProxy.Commands;
using SmartProxy.Connections;
using SmartProxy.Drill;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policies.Simulation;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Storage;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Hosting;

/// <summary>The composition root: gives the commands what they need from the rest of the program.</summary>
internal static class Seams
{
    public static CommandSeams Create()
    {
        var random = new SystemRandomSource();
        var registry = AssetRegistry.Default;
        return new CommandSeams
        {
            Run = RunAsync,
            StartProxy = async (settings, cancellationToken) => await ProxyHost.StartAsync(settings, cancellationToken),
            FindNetwork = FindNetwork,
            Authorities = new AuthorityFiles(TimeProvider.System),
            CreateReceiptsKey = folder =>
            {
                ReceiptKeys.Create(folder, TimeProvider.System.GetUtcNow());
                QueryKey.Create(folder, random);
            },
            CreateLedger = OfflineBooks.CreateLedgerAsync,
            ReadJwks = ReadJwks,
            KeyFiles = new KeyFiles(random),
            PolicyKnows = (path, agent) => PolicyReading.Load(path, registry).Policy?.Knows(agent),
            CheckPolicy = new PolicyCheck(registry).Run,
            DiffPolicies = new PolicyDiff(registry).Run,
            Drill = new PolicyDrill(registry, random, TimeProvider.System).RunAsync,
            ExplainPolicy = new PolicyExplain(registry, TimeProvider.System).RunAsync,
            SimulatePolicy = (history, output) => new PolicySimulate(registry, TimeProvider.System).Run(history.Policy, history.Data.Path, history.Since, history.Json, output, Progress()),
            SummarizeShadow = (history, output) => ShadowSummary.Run(history.Data.Path, history.Since, history.Json, output, Progress()),
            WritePolicySchema = PolicySchemaCommand.Run,
            VerifyLedger = LedgerAudit.RunAsync,
            ExportLedger = (data, problems) =>
            {
                using var output = Console.OpenStandardOutput();
                return LedgerExport.Run(data.Path, output, problems);
            },
            ReadJournal = ReadJournal,
            WriteEvidence = new EvidenceDesk(TimeProvider.System).Write,
            MakeStatement = new StatementDesk(TimeProvider.System).MakeAsync,
            VerifyReceipt = (receipt, jwks) => ReceiptVerifier.Verify(receipt, jwks) is ReceiptVerification.Refused refused ? refused.Message : null,
            RecordOffline = OfflineBooks.RecordAsync,
            OpenStopped = StoppedBooks.Open,
            ExplainReceipt = new ReceiptExplain(registry).Explain,
            VoidOffline = OfflineBooks.VoidAsync,
            SearchOffline = OfflineBooks.SearchAsync,
            Recover = (authorization, signature) => TransferWithAuthorization.TryRecover(authorization, signature, out var signer) ? signer : null,
            Random = random,
        };
    }

    /// <summary>Shows every line of a journal; what can't be read is said to a person.</summary>
    internal static void ReadJournal(DataFolder data, Action<JournalLine> seen) => ReadJournal(data, (JournalLine line, ReadOnlySpan<byte> _) => seen(line));

    /// <summary>The same with the bytes of each line.</summary>
    internal static void ReadJournal(DataFolder data, JournalBytesSeen seen)
    {
        try
        {
            JournalScan.ReadBytes(data.Path, seen);
        }
        catch (Exception fault) when (fault is InvalidDataException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new OperatorException($"the journal of `{data}` can't be read: {fault.Message}", OperatorException.Failed, fault);
        }
    }

    private static async Task<int> RunAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        await using var host = await ProxyHost.StartAsync(settings, cancellationToken);
        Console.Out.WriteLine($"proxy {host.Proxy.GetLeftPart(UriPartial.Authority)}   admin {host.Admin.GetLeftPart(UriPartial.Authority)}   data {settings.Data}   policy {settings.Policy}");
        foreach (var notice in host.Notices)
        {
            Console.Out.WriteLine("note: " + notice);
        }

        var stop = new TaskCompletionSource();
        await using (cancellationToken.UnsafeRegister(_ => stop.TrySetResult(), null))
        {
            await stop.Task;
        }

        await host.StopAsync(settings.Hurry);
        return 0;
    }

    private static ProgressBar Progress() => new(Console.Error, !Console.IsErrorRedirected, TimeProvider.System);

    private static NetworkName? FindNetwork(string text) =>
        NetworkNames.TryParse(text, out var chain) && AssetRegistry.Default.Networks.Contains(chain)
            ? new NetworkName(NetworkNames.ShortNameOf(chain), chain, AssetRegistry.Default.IsTestNetwork(chain))
            : null;

    private static string ReadJwks(string folder)
    {
        try
        {
            using var keys = ReceiptKeys.Load(folder);
            return keys.Jwks;
        }
        catch (ReceiptKeyException fault)
        {
            throw new OperatorException(fault.Message, inner: fault);
        }
    }
}
