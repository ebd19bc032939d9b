using System.Globalization;
using System.Text.Json;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy diff</c>: who may newly pay whom, every changed rule, and the worst cases before and after.</summary>
internal sealed class PolicyDiff(AssetRegistry registry)
{
    /// <summary>Nothing can newly be spent or paid.</summary>
    public const int Narrower = 0;

    /// <summary>Something can newly be spent or paid.</summary>
    public const int Wider = 1;

    public const int Unreadable = 2;

    private const int MostNames = 5;

    public int Run(PolicyDiffing asked, TextWriter output)
    {
        var (old, now) = (PolicyReading.Load(asked.Old, registry), PolicyReading.Load(asked.New, registry));
        if (old.Policy is null || now.Policy is null)
        {
            foreach (var problem in old.Problems.Concat(now.Problems))
            {
                output.WriteLine(problem.ToString());
            }

            return Unreadable;
        }

        var difference = PolicyComparison.Compare(old.Policy, now.Policy);
        if (asked.Json)
        {
            WriteJson(output, difference);
        }
        else
        {
            WriteText(output, difference);
        }

        return difference.Widenings.Count == 0 ? Narrower : Wider;
    }

    /// <summary><c>a, b and 3 more</c>.</summary>
    public static string Names(IReadOnlyList<string> names)
    {
        var shown = string.Join(", ", names.Take(MostNames));
        return names.Count <= MostNames ? shown : string.Create(CultureInfo.InvariantCulture, $"{shown} and {names.Count - MostNames} more");
    }

    /// <summary><c>"day": { "most": "5.00", "exact": true }</c>; without a limit <c>most</c> is null.</summary>
    public static void Write(Utf8JsonWriter json, string name, WorstFigure? figure)
    {
        if (figure is not { } known)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("most", known.Most?.ToString());
        json.WriteBoolean("exact", known.IsExact);
        json.WriteEndObject();
    }

    private static void WriteText(TextWriter output, PolicyDifference difference)
    {
        Section("changed rules", difference.Rules.Count == 0 ? ["nothing that decides"] : difference.Rules);
        Section("who may pay whom", [.. difference.Reach, difference.Newcomers]);
        Section("worst cases", [.. difference.Worst.GroupBy(w => w.Subject).GroupBy(s => string.Join("; ", s.Select(Words)), s => s.Key).Select(same => $"{Names([.. same])}: {same.Key}")]);
        Section("can newly be spent or paid", difference.Widenings.Count == 0 ? ["nothing"] : difference.Widenings);
        output.WriteLine(Summary(difference));

        void Section(string title, IReadOnlyList<string> lines)
        {
            output.WriteLine(title);
            foreach (var line in lines)
            {
                output.WriteLine($"  {line}");
            }
        }
    }

    // In one line: the days that change, the days of shared pots that don't, and the recipients.
    private static string Summary(PolicyDifference difference)
    {
        var days = difference.Worst.Where(w => w.Period == WorstPeriod.Day && (!w.IsSame || w.Subject.StartsWith("group:", StringComparison.Ordinal) || w.Subject == "organization"))
            .GroupBy(Words, w => w.Subject[(w.Subject.IndexOf(':', StringComparison.Ordinal) + 1)..])
            .Select(same => $"{Names([.. same])}: {same.Key}");
        return string.Join("; ", [.. days, difference.Newcomers]);
    }

    private static string Words(WorstChange change)
    {
        var period = PolicyComparison.Word(change.Period);
        return change.IsSame ? $"{period} {change.After}, unchanged" : $"{period} {change.Before?.ToString() ?? "new"} -> {change.After?.ToString() ?? "removed"}";
    }

    private static void WriteJson(TextWriter output, PolicyDifference difference) => Printer.Json(output, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("widens", difference.Widenings.Count > 0);
        Texts("widenings", difference.Widenings);
        Texts("rules", difference.Rules);
        Texts("reach", difference.Reach);
        json.WriteString("newcomers", difference.Newcomers);
        json.WriteStartArray("worst");
        foreach (var change in difference.Worst)
        {
            json.WriteStartObject();
            json.WriteString("subject", change.Subject);
            json.WriteString("period", PolicyComparison.Word(change.Period));
            Write(json, "before", change.Before);
            Write(json, "after", change.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();

        void Texts(string name, IReadOnlyList<string> texts)
        {
            json.WriteStartArray(name);
            foreach (var text in texts)
            {
                json.WriteStringValue(text);
            }

            json.WriteEndArray();
        }
    });
}

/// <summary>What <c>policy diff</c> asks.</summary>
internal sealed record PolicyDiffing(string Old, string New, bool Json);
