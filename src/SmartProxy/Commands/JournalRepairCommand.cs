using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Storage;

namespace SmartProxy.Commands;

/// <summary><c>ledger repair</c> and <c>ledger backup</c>: what is wrong with a journal and what can be done, and a copy for the day when it is.</summary>
internal static class JournalRepairCommand
{
    public static Command Repair()
    {
        var data = CommonOptions.Data();
        var explain = new Option<bool>("--explain") { Description = "Only say what is wrong and what would be done." };
        var command = new Command("repair", "Say what is wrong with the journal of a stopped system, and cut a torn end that was never acknowledged.") { data, explain };
        command.SetAction(result => Offline(result.GetRequiredValue(data), folder => Repair(folder, result.GetValue(explain), result.InvocationConfiguration.Output)));
        return command;
    }

    public static Command Backup()
    {
        var data = CommonOptions.Data();
        var to = new Option<string>("--to") { Description = "A new folder.", HelpName = "DIR", Required = true };
        var command = new Command("backup", "Copy the journal up to its head, of a running system or a stopped one, and verify the copy.") { data, to };
        command.SetAction(result => Try(() => Backup(result.GetRequiredValue(data), result.GetRequiredValue(to), result.InvocationConfiguration.Output)));
        return command;
    }

    private static int Repair(DataFolder data, bool onlyExplain, TextWriter output)
    {
        var diagnosis = LedgerRepair.Explain(data.Path);
        foreach (var finding in diagnosis.Findings)
        {
            output.WriteLine(finding);
        }

        if (onlyExplain || diagnosis.CutAt is not { } at)
        {
            return diagnosis.IsGood ? LedgerVerify.Good : LedgerVerify.Bad;
        }

        output.WriteLine($"cut; the segment as it was is `{LedgerRepair.Cut(data.Path, at)}`");
        return LedgerVerify.Good;
    }

    private static int Backup(DataFolder data, string target, TextWriter output)
    {
        var report = LedgerBackup.Run(data.Path, target);
        output.WriteLine(report.Problem is null ? $"copied and verified: {report.Lines} lines in `{target}`" : $"the copy in `{target}` is NOT good: {report.Problem}");
        output.WriteLine($"head {report.Head.ToHex()}");
        return report.Problem is null ? LedgerVerify.Good : LedgerVerify.Bad;
    }

    private static int Offline(DataFolder data, Func<DataFolder, int> work) => Try(() =>
    {
        using var right = FolderLock.Exists(data.Path) ? FolderLock.Acquire(data.Path) : null;
        return work(data);
    });

    private static int Try(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or LockedFolderException)
        {
            throw new OperatorException(e.Message, OperatorException.Failed, e);
        }
    }
}
