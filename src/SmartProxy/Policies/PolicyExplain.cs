using System.Diagnostics;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy explain</c>: what a policy says to one purchase, by which rule, and on which limits it would draw.</summary>
internal sealed class PolicyExplain(AssetRegistry registry, TimeProvider time)
{
    public const int Allowed = 0;
    public const int Denied = 1;

    /// <summary>The question or the file can't be read.</summary>
    public const int Unreadable = 2;

    /// <param name="path">The policy file.</param>
    /// <param name="agent">Who would pay.</param>
    /// <param name="url">What it would ask for; only the origin decides.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="price">Dollars, or null for the least there is.</param>
    /// <param name="figures">Tells how limits stand, by their ids; null where no books are known.</param>
    /// <param name="output">Receives the answer.</param>
    public async Task<int> RunAsync(
        string path, AgentId agent, string url, string method, string? price, Func<IReadOnlyList<BudgetLine>, Task<IReadOnlyDictionary<string, string>>>? figures, TextWriter output)
    {
        if (!Origin.TryParse(OriginPart(url), out var origin))
        {
            output.WriteLine($"expected a URL such as `https://api.exa.ai/search`, found `{url}`");
            return Unreadable;
        }

        var dollars = default(Usd);
        if (price is not null && !Usd.TryParse(price, out dollars))
        {
            output.WriteLine($"expected a price in dollars, such as `0.05`, found `{price}`");
            return Unreadable;
        }

        var load = PolicyReading.Load(path, registry);
        if (load.Policy is not { } policy)
        {
            output.WriteLine(string.Join(Environment.NewLine, load.Problems));
            return Unreadable;
        }

        switch (PolicyExplanation.Judge(policy, agent, method, origin, PathPart(url), price is null ? null : dollars, time.GetUtcNow()))
        {
            case null:
                output.WriteLine($"denied: no token of the asset registry is open to `{agent}` at {origin}: see its `networks` and `assets`");
                return Denied;
            case Verdict.Allowed allowed:
                Write(output, allowed, figures is null ? new Dictionary<string, string>() : await figures(allowed.Lines));
                return Allowed;
            case Verdict.Denied denied:
                output.WriteLine($"denied: {Words.Of(denied.Reason)}");
                output.WriteLine($"  rule        {denied.Rule}");
                output.WriteLine($"  would pass  {denied.WouldPass}");
                WriteTrace(output, DecisionTrace.Of(denied));
                return Denied;
            default:
                throw new UnreachableException();
        }
    }

    private static void Write(TextWriter output, Verdict.Allowed allowed, IReadOnlyDictionary<string, string> figures)
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
            var stands = figures.GetValueOrDefault(line.Id) is { } text ? $": {text}" : "";
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

/// <summary>What <c>policy explain</c> asks.</summary>
internal sealed record PolicyQuestion(string Policy, AgentId Agent, string Url, string Method, string? Price)
{
    /// <summary>How limits stand, by their ids, where books are known.</summary>
    public Func<IReadOnlyList<BudgetLine>, Task<IReadOnlyDictionary<string, string>>>? Figures { get; init; }
}
