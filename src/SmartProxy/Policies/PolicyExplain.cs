using System.Diagnostics;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy explain</c>: what a policy says to one purchase, by which rule, and on which limits it would draw.</summary>
internal sealed class PolicyExplain(AssetRegistry registry, TimeProvider time)
{
    public const int Allowed = 0;
    public const int Denied = 1;

    /// <summary>The question or the file can't be read.</summary>
    public const int Unreadable = 2;

    /// <param name="asked">The question; of its URL only origin and path decide.</param>
    /// <param name="output">Receives the answer.</param>
    public async Task<int> RunAsync(PolicyQuestion asked, TextWriter output)
    {
        if (!Origin.TryParse(OriginPart(asked.Url), out var origin))
        {
            return Refuse(asked, output, $"expected a URL such as `https://api.exa.ai/search`, found `{asked.Url}`");
        }

        var price = default(Usd);
        if (asked.Price is not null && !Usd.TryParse(asked.Price, out price))
        {
            return Refuse(asked, output, $"expected a price in dollars, such as `0.05`, found `{asked.Price}`");
        }

        var load = PolicyReading.Load(asked.Policy, registry);
        if (load.Policy is not { } policy)
        {
            return Refuse(asked, output, [.. load.Problems.Select(problem => problem.ToString())]);
        }

        var verdict = PolicyExplanation.Judge(policy, asked.Agent, asked.Method, origin, PathPart(asked.Url), asked.Price is null ? null : price, time.GetUtcNow());
        var figures = verdict is Verdict.Allowed { Lines: var lines } && asked.Figures is { } find ? await find(lines) : new Dictionary<string, LimitStand>();
        if (asked.Json)
        {
            Printer.Json(output, json => PolicyExplainJson.Write(json, verdict, figures));
        }
        else
        {
            Write(output, verdict, asked, origin, figures);
        }

        return verdict is Verdict.Allowed ? Allowed : Denied;
    }

    private static int Refuse(PolicyQuestion asked, TextWriter output, params string[] problems)
    {
        if (asked.Json)
        {
            Printer.Json(output, json => PolicyExplainJson.Write(json, problems));
        }
        else
        {
            output.WriteLine(string.Join(Environment.NewLine, problems));
        }

        return Unreadable;
    }

    private static void Write(TextWriter output, Verdict? verdict, PolicyQuestion asked, Origin origin, IReadOnlyDictionary<string, LimitStand> figures)
    {
        switch (verdict)
        {
            case null:
                output.WriteLine($"denied: no token of the asset registry is open to `{asked.Agent}` at {origin}: see its `networks` and `assets`");
                break;
            case Verdict.Allowed allowed:
                Write(output, allowed, figures);
                break;
            case Verdict.Denied denied:
                output.WriteLine($"denied: {Words.Of(denied.Reason)}");
                output.WriteLine($"  rule        {denied.Rule}");
                output.WriteLine($"  would pass  {denied.WouldPass}");
                WriteTrace(output, DecisionTrace.Of(denied));
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void Write(TextWriter output, Verdict.Allowed allowed, IReadOnlyDictionary<string, LimitStand> figures)
    {
        var recipient = allowed.Recipient switch
        {
            RecipientRule.Listed => "a listed one",
            RecipientRule.Pin => "the first one seen at this origin is pinned",
            RecipientRule.Any => "any",
        };
        output.WriteLine($"allowed: {allowed.Facts.Value} USD to {allowed.Facts.Origin}, if its limits have room");
        output.WriteLine($"  rule        {allowed.Rule}");
        output.WriteLine($"  recipient   {recipient}");
        output.WriteLine($"  valid       at most {allowed.ValidSeconds} seconds");
        foreach (var line in allowed.Lines)
        {
            var stands = figures.GetValueOrDefault(line.Id) is { } stand ? $": {stand}" : "";
            output.WriteLine($"  draws on    {line.Limit.ToWords()}, {line.Window} ({line.Id}){stands}");
        }

        WriteTrace(output, allowed.Trace);
    }

    private static void WriteTrace(TextWriter output, IReadOnlyList<TraceStep> steps)
    {
        output.WriteLine("trace");
        foreach (var line in DecisionTrace.Lines(steps))
        {
            output.WriteLine(line);
        }
    }

    private static string PathPart(string url)
    {
        var rest = url[OriginPart(url).Length..];
        var end = rest.AsSpan().IndexOfAny('?', '#');
        var path = end < 0 ? rest : rest[..end];
        return path.Length == 0 ? "/" : path;
    }

    private static string OriginPart(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = start < 3 ? -1 : url.AsSpan(start).IndexOfAny('/', '?', '#');
        return end < 0 ? url : url[..(start + end)];
    }
}
