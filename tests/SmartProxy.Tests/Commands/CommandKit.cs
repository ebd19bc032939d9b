using SmartProxy.AdminApi;
using SmartProxy.Commands;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Commands;

/// <summary>The command line in a folder of its own; what commands need of the rest of the program is played.</summary>
internal sealed class CommandKit : IDisposable, IKeyFiles
{
    public static readonly EvmAddress Address = EvmAddress.Parse("0x1111111111111111111111111111111111111111");

    private readonly TempFolder _folder = new();

    public CommandKit()
    {
        Seams = new CommandSeams
        {
            Run = (settings, _) => Task.FromResult(Ran(settings)),
            StartProxy = (_, _) => throw new NotSupportedException(),
            FindNetwork = name => name switch
            {
                "base-sepolia" => new NetworkName(name, new ChainId(84532), IsTest: true),
                "base" => new NetworkName(name, new ChainId(8453), IsTest: false),
                _ => null,
            },
            Authorities = new SmartProxy.Connections.AuthorityFiles(TimeProvider.System),
            CreateReceiptsKey = folder => PrivateFile.WriteNew(Path.Combine(folder, "key.pem"), "receipt key"u8),
            CreateLedger = folder =>
            {
                PrivateFile.WriteNew(Path.Combine(folder.Ledger, "journal"), "first line"u8);
                return ValueTask.CompletedTask;
            },
            ReadJwks = _ => "jwks of the folder",
            KeyFiles = this,
            PolicyKnows = (_, agent) => agent.Value == "me",
            CheckPolicy = (asked, output) => Print(output, $"checked {asked.Policy} {string.Join(", ", asked.Assertions)} {asked.IsStrict} {asked.Json}", File.Exists(asked.Policy) ? 0 : 1),
            DiffPolicies = (asked, output) => Print(output, asked.ToString(), 1),
            Drill = (asked, output) => Task.FromResult(Print(output, asked.ToString(), 0)),
            ExplainPolicy = (question, output) => Task.FromResult(Print(output, question.ToString(), 0)),
            SimulatePolicy = (history, output) => Print(output, history.ToString(), 0),
            SummarizeShadow = (history, output) => Print(output, history.ToString(), 0),
            WritePolicySchema = output => output.WriteLine("{}"),
            VerifyLedger = (_, output, _) => Task.FromResult(Print(output, "verified", 0)),
            WriteEvidence = _ => throw new NotSupportedException(),
            MakeStatement = (_, _) => throw new NotSupportedException(),
            ReadJournal = (data, seen) => SmartProxy.Storage.JournalScan.Read(data.Path, seen),
            ExportLedger = (_, output) => Print(output, "{\"seq\":1}", 0),
            VerifyReceipt = (receipt, keys) => receipt == "good" && keys == "keys" ? null : "its signature does not fit",
            RecordOffline = (_, entry, _) => Record(entry),
            OpenStopped = _ => new Stopped(this),
            ExplainReceipt = question => new WhyAnswer([$"explained {question.Receipt} by {question.Policy?.Text ?? "no policy"}"], json => json.WriteStringValue(question.Receipt)),
            VoidOffline = (_, _, _, _) => ValueTask.CompletedTask,
            SearchOffline = (_, query, _) => ValueTask.FromResult(Search(query)),
            Recover = (_, _) => null,
            Become = (path, arguments, environment) => Remember(path, arguments, environment),
        };
    }

    public CommandSeams Seams { get; set; }

    public string Data => _folder.File("data");

    public string Policy => _folder.File("policies.json");

    public DataFolder Folder => new(Data);

    public RunSettings? Settings { get; private set; }

    public List<LedgerEvent> Recorded { get; } = [];

    public (string Path, IReadOnlyList<string> Arguments, IReadOnlyList<string> Environment)? Became { get; private set; }

    public int BecomeError { get; set; }

    /// <summary>Everything that any command printed so far.</summary>
    public string Transcript { get; private set; } = "";

    public string File_(string name) => _folder.File(name);

    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var code = await CommandLineRoot.RunAsync(arguments, Seams, output, error, TestContext.Current.CancellationToken);
        Transcript += output.ToString() + error;
        return (code, output.ToString(), error.ToString());
    }

    public Task<(int Code, string Output, string Error)> InitAsync() =>
        RunAsync("init", "--data", Data, "--policy", Policy, "--network", "base-sepolia", "--json");

    public EvmAddress Create(string keyFile, string passwordFile)
    {
        PrivateFile.WriteNew(keyFile, "key file"u8);
        return Address;
    }

    public EvmAddress Import(string source, string? sourcePasswordFile, string keyFile, string passwordFile) =>
        File.Exists(source) ? Create(keyFile, passwordFile) : throw new OperatorException($"`{source}` is missing");

    public EvmAddress? AddressOf(string keyFile) => Address;

    public void Dispose() => _folder.Dispose();

    private int Ran(RunSettings settings)
    {
        Settings = settings;
        return 0;
    }

    private ValueTask Record(LedgerEvent entry)
    {
        Recorded.Add(entry);
        return ValueTask.CompletedTask;
    }

    private static PaymentPage Search(PaymentQuery query) => new(
        [new PaymentRow(PaymentId.Parse("01jaaaaaaaaaaaaaaaaaaaaaaa"), DateTimeOffset.UnixEpoch, query.Agent ?? new AgentId("me"), "refused", "GET", "https://api.test", "/\u001b[31m") { Reason = "budget_exceeded" }],
        Next: null);

    private int Remember(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        Became = (path, arguments, environment);
        return BecomeError;
    }

    private static int Print(TextWriter output, string text, int code)
    {
        output.WriteLine(text);
        return code;
    }

    /// <summary>A stopped system with the questions and the grant of the API's tests, and one receipt.</summary>
    private sealed class Stopped(CommandKit kit) : IStoppedBooks
    {
        public IOperatorBooks Books { get; } = new AdminApi.FakeBooks();

        public ValueTask RecordAsync(LedgerEvent entry) => kit.Record(entry);

        public ValueTask<IReadOnlyList<LineUsage>> UsageAsync(IReadOnlyList<BudgetLine> lines, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<LineUsage>>([]);

        public ValueTask<string?> FindReceiptAsync(string id, CancellationToken cancellationToken) =>
            ValueTask.FromResult(id == "rcpt_" + AdminApi.FakeArchive.PaymentOfA ? """{"id":"x","decision":{}}""" : null);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
