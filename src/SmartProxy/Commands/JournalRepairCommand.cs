using System.CommandLine;
using SmartProxy.Installation;
using SmartProxy.Storage;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>ledger repair</c> and <c>ledger backup</c>: what is wrong with a journal and what can be done, and a copy for the day when it is.</summary>
internal static class JournalRepairCommand
{
    public static Command Repair()
    {
        var data = CommonOptions.Data();
        var explain = new Option<bool>("--explain") { Description = "Only say what is wrong and what would be done." };
        var json = CommonOptions.Json();
        var command = new Command("repair", "Say what is wrong with the journal of a stopped system, and cut a torn end that was never acknowledged.") { data, explain, json };
        command.SetAction(result => Offline(result.GetRequiredValue(data), folder => Repair(folder, result.GetValue(explain), result.GetValue(json), result.InvocationConfiguration.Output)));
        return command;
    }

    public static Command Backup()
    {
        var data = CommonOptions.Data();
        var to = new Option<string>("--to") { Description = "A new folder.", HelpName = "DIR", Required = true };
        var json = CommonOptions.Json();
        var command = new Command("backup", "Copy the journal up to its head, of a running system or a stopped one, and verify the copy.") { data, to, json };
        command.SetAction(result => Try(() => Backup(result.GetRequiredValue(data), result.GetRequiredValue(to), result.GetValue(json), result.InvocationConfiguration.Output)));
        return command;
    }

    private static int Repair(DataFolder data, bool onlyExplain, bool asJson, TextWriter output)
    {
        var diagnosis = LedgerRepair.Explain(data.Path);
        var kept = !onlyExplain && diagnosis.CutAt is { } at ? LedgerRepair.Cut(data.Path, at) : null;
        var isGood = diagnosis.IsGood || kept is not null;
        if (asJson)
        {
            PrintJson(output, diagnosis, isGood, kept);
            return isGood ? LedgerVerify.Good : LedgerVerify.Bad;
        }

        foreach (var finding in diagnosis.Findings)
        {
            output.WriteLine(finding);
        }

        if (kept is not null)
        {
            output.WriteLine($"cut; the segment as it was is `{kept}`");
        }

        return isGood ? LedgerVerify.Good : LedgerVerify.Bad;
    }

    private static void PrintJson(TextWriter output, Diagnosis diagnosis, bool isGood, string? kept) => Printer.Json(output, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("good", isGood);
        json.WriteStartArray("findings");
        foreach (var finding in diagnosis.Findings)
        {
            json.WriteStringValue(finding);
        }

        json.WriteEndArray();
        json.WriteBoolean("canBeCut", diagnosis.CutAt is not null);
        json.WriteString("kept", kept);
        json.WriteEndObject();
    });

    private static int Backup(DataFolder data, string target, bool asJson, TextWriter output)
    {
        var report = LedgerBackup.Run(data.Path, target);
        if (asJson)
        {
            output.WriteLine(report.ToJson());
        }
        else
        {
            output.WriteLine(report.Problem is null ? $"copied and verified: {report.Lines} lines in `{target}`" : $"the copy in `{target}` is NOT good: {report.Problem}");
            output.WriteLine($"head {report.Head.ToHex()}");
        }

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
