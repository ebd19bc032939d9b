using System.CommandLine;
using SmartProxy.Hosting;
using SmartProxy.Installation;

namespace SmartProxy.Commands;

/// <summary><c>ledger verify|export|repair|backup</c>: the books of a stopped system, or a copy of them.</summary>
internal static class JournalCommand
{
    public static Command Build(CommandSeams seams) => new("ledger", "Verify, export, back up and repair the journal.")
    {
        Verify(seams),
        Export(seams),
        JournalRepairCommand.Repair(),
        JournalRepairCommand.Backup(),
        AcceptRollbackCommand.Build(seams),
    };

    private static Command Verify(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var rpc = CommonOptions.Rpc("A node's URL: compare settled payments with its chain. Once per chain.");
        var fromBlock = new Option<long>("--from-block") { Description = "The first block to read.", HelpName = "NUMBER" };
        var command = new Command("verify", "Recompute every hash and every sum; exit code 1 when something does not fit.") { data, json, rpc, fromBlock };
        command.SetAction((result, cancellationToken) => seams.VerifyLedger(
            new LedgerVerification(Existing(result.GetRequiredValue(data)), result.GetValue(json), CommonOptions.ReadRpc(result.GetRequiredValue(rpc)), result.GetValue(fromBlock)),
            result.InvocationConfiguration.Output,
            cancellationToken));
        return command;
    }

    private static Command Export(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var command = new Command("export", "Write the journal as JSON lines.") { data };
        command.SetAction(result => seams.ExportLedger(Existing(result.GetRequiredValue(data)), result.InvocationConfiguration.Error));
        return command;
    }

    private static DataFolder Existing(DataFolder data) =>
        Directory.Exists(data.Ledger) ? data : throw new OperatorException($"there is no ledger in `{data}`; name the data folder with `--data`");
}
