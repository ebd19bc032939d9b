using System.CommandLine;
using SmartProxy.Accounting;
using SmartProxy.Text;

namespace SmartProxy.Commands;

/// <summary><c>report --month 2026-11 --by TAG</c>: who spent what, for charging it back. Reads the journal; the system may be running.</summary>
internal static class ReportCommand
{
    private static readonly string[] Heads = ["PAID", "USD", "HELD", "USD", "REFUSED"];

    public static Command Build(CommandSeams seams)
    {
        var data = CommonOptions.Data();
        var month = CommonOptions.Month();
        var zone = CommonOptions.TimeZone();
        var by = new Option<string>("--by") { Description = $"What to sum by: {SpendReport.Expected}.", HelpName = "NAME", DefaultValueFactory = _ => "agent" };
        var csv = new Option<bool>("--csv") { Description = "Print comma-separated values." };
        var json = CommonOptions.Json();
        var command = new Command("report", "Sum a month's spending by agent, group, merchant or tag.") { data, month, by, zone, csv, json };
        command.SetAction(result =>
        {
            var asked = CommonOptions.ReadMonth(result.GetRequiredValue(month), result.GetRequiredValue(zone));
            var book = new MonthBook(asked);
            seams.ReadJournal(result.GetRequiredValue(data), book.Take);
            Show(result.InvocationConfiguration.Output, asked, result.GetRequiredValue(by), book, result.GetValue(csv), result.GetValue(json));
            return 0;
        });
        return command;
    }

    private static void Show(TextWriter output, Month month, string by, MonthBook book, bool csv, bool json)
    {
        var rows = SpendReport.Rows(book, by);
        if (json)
        {
            Printer.Json(output, writer => SpendReport.WriteJson(writer, month, by, rows));
        }
        else if (csv)
        {
            SpendReport.WriteCsv(output, month, by, rows);
        }
        else
        {
            Printer.Columns(output, [by.ToUpperInvariant(), .. Heads], SpendReport.Columns(rows));
        }
    }
}
