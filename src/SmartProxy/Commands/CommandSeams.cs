using SmartProxy.Accounting;
using SmartProxy.Accounting.Evidence;
using SmartProxy.Accounting.Statements;
using SmartProxy.AdminApi;
using SmartProxy.Connections;
using SmartProxy.Demo;
using SmartProxy.Drill;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Ledger;
using SmartProxy.Policies;
using SmartProxy.Policies.Simulation;
using SmartProxy.Protocol;

namespace SmartProxy.Commands;

/// <summary>What commands need from the rest of the program; the composition fills it in.</summary>
internal sealed record CommandSeams
{
    /// <summary>Serves until the token fires, then ends cleanly. Returns the exit code.</summary>
    public required Func<RunSettings, CancellationToken, Task<int>> Run { get; init; }

    /// <summary>Starts a proxy inside this process, for the demo.</summary>
    public required Func<RunSettings, CancellationToken, Task<IDemoProxy>> StartProxy { get; init; }

    /// <summary>A network by its short name or CAIP-2 id, or null.</summary>
    public required Func<string, NetworkName?> FindNetwork { get; init; }

    public required IAuthorityFiles Authorities { get; init; }

    /// <summary>Makes the key that receipts are signed with, in this folder.</summary>
    public required Action<string> CreateReceiptsKey { get; init; }

    /// <summary>Writes the first line of the journal, so that one that is missing later is noticed.</summary>
    public required Func<DataFolder, ValueTask> CreateLedger { get; init; }

    /// <summary>The public keys of this folder as a JSON Web Key Set.</summary>
    public required Func<string, string> ReadJwks { get; init; }

    /// <summary>Fires when who stops the command does so a second time.</summary>
    public CancellationToken Hurry { get; init; }

    public required IKeyFiles KeyFiles { get; init; }

    /// <summary>Makes installations out of the parts above and below.</summary>
    public Installer Installer => new(FindNetwork, Authorities, KeyFiles, CreateReceiptsKey, CreateLedger, Time, Random);

    /// <summary>Whether the policy at this path has an entry for the agent; null when it can't be read.</summary>
    public required Func<string, AgentId, bool?> PolicyKnows { get; init; }

    /// <summary>Checks a policy file or folder, prints the findings, returns the exit code.</summary>
    public required Func<PolicyChecking, TextWriter, int> CheckPolicy { get; init; }

    /// <summary>Compares two policy files or folders, prints what changes, returns the exit code.</summary>
    public required Func<PolicyDiffing, TextWriter, int> DiffPolicies { get; init; }

    /// <summary>Lets hostile sellers attack a policy in a sandbox, prints what they got, returns the exit code.</summary>
    public required Func<Drilling, TextWriter, Task<int>> Drill { get; init; }

    /// <summary>Prints what the policy says about an agent and a URL, returns the exit code.</summary>
    public required Func<PolicyQuestion, TextWriter, Task<int>> ExplainPolicy { get; init; }

    /// <summary>Prints what another policy would have made of the recorded decisions, returns the exit code.</summary>
    public required Func<PolicyHistory, TextWriter, int> SimulatePolicy { get; init; }

    /// <summary>Prints how often the candidate beside the policy in force differed from it, returns the exit code.</summary>
    public required Func<PolicyHistory, TextWriter, int> SummarizeShadow { get; init; }

    /// <summary>Prints the JSON Schema of policy files.</summary>
    public required Action<TextWriter> WritePolicySchema { get; init; }

    /// <summary>Verifies the journal of a stopped system, against the chain too where asked, prints the findings, returns the exit code.</summary>
    public required Func<LedgerVerification, TextWriter, CancellationToken, Task<int>> VerifyLedger { get; init; }

    /// <summary>Writes the journal as JSON lines to standard output and problems to the writer, returns the exit code.</summary>
    public required Func<DataFolder, TextWriter, int> ExportLedger { get; init; }

    /// <summary>Shows every line of a data folder's journal in order, chain checked; the system may be running.</summary>
    public required Action<DataFolder, Action<JournalLine>> ReadJournal { get; init; }

    /// <summary>Makes and signs the statement of a month; the system may be running.</summary>
    public required Func<BooksQuestion, CancellationToken, Task<SignedStatement>> MakeStatement { get; init; }

    /// <summary>Writes an evidence file; gives the number of receipts in it. The system may be running.</summary>
    public required Func<EvidenceOrder, int> WriteEvidence { get; init; }

    /// <summary>Verifies a statement against a key set. Null when it is good, else the objection.</summary>
    public Func<string, string, string?> VerifyStatement { get; init; } = StatementVerifier.Objection;

    /// <summary>Verifies a receipt against a key set. Null when it is good, else the objection.</summary>
    public required Func<string, string, string?> VerifyReceipt { get; init; }

    /// <summary>Records an event in the journal of a stopped system, under its lock.</summary>
    public required Func<DataFolder, LedgerEvent, CancellationToken, ValueTask> RecordOffline { get; init; }

    /// <summary>Opens the books of a stopped system, under its lock.</summary>
    public required Func<DataFolder, IStoppedBooks> OpenStopped { get; init; }

    /// <summary>Says why a receipt came out as it did, where its rule stands, and the smallest edit that passes.</summary>
    public required Func<WhyQuestion, WhyAnswer> ExplainReceipt { get; init; }

    /// <summary>Voids a payment of a stopped system.</summary>
    public required Func<DataFolder, PaymentId, string, CancellationToken, ValueTask> VoidOffline { get; init; }

    /// <summary>Searches the payments of a stopped system.</summary>
    public required Func<DataFolder, PaymentQuery, CancellationToken, ValueTask<PaymentPage>> SearchOffline { get; init; }

    /// <summary>Who signed the authorization; null for a signature that is none.</summary>
    public required Func<TransferAuthorization, string, EvmAddress?> Recover { get; init; }

    /// <summary>Becomes another program; returns an error number when that failed.</summary>
    public Func<string, IReadOnlyList<string>, IReadOnlyList<string>, int> Become { get; init; } = Unix.Become;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public IRandomSource Random { get; init; } = new SystemRandomSource();
}
