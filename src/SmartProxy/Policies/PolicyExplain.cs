using System.Diagnostics;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy explain</c>: what a policy says to one purchase, by which rule, and on which limits it would draw.</summary>
internal sealed class PolicyExplain(IAssetBook book)
{
    public const int Allowed = 0;
    public const int Denied = 1;

    /// <summary>The question or the file can't be read.</summary>
    public const int Unreadable = 2;

    /// <param name="path">The policy file.</param>
    /// <param name="agent">Who would pay.</param>
    /// <param name="url">What it would ask for; only the origin decides.</param>
    /// <param name="price">Dollars.</param>
    /// <param name="payTo">The recipient, or null for one that the rules accept.</param>
    /// <param name="output">Receives the answer.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<int> RunAsync(string path, string agent, string url, string price, string? payTo, TextWriter output, CancellationToken cancellationToken)
    {
        if (Problem(agent, url, price, payTo, out var id, out var origin, out var dollars, out var recipient) is { } problem)
        {
            await output.WriteLineAsync(problem);
            return Unreadable;
        }

        var load = await PolicyReading.LoadAsync(path, book, cancellationToken);
        if (load.Policy is not { } policy)
        {
            await output.WriteLineAsync(string.Join(Environment.NewLine, load.Problems));
            return Unreadable;
        }

        switch (PolicyExplanation.Judge(policy, id, origin, dollars, recipient))
        {
            case null:
                await output.WriteLineAsync($"no token of the asset registry is open to `{id}` at {origin}: see its `networks` and `assets`");
                return Denied;
            case Verdict.Allowed allowed:
                await WriteAsync(output, allowed, payTo is null);
                return Allowed;
            case Verdict.Denied denied:
                await output.WriteLineAsync($"denied: {ReasonWords.Of(denied.Reason)}");
                await output.WriteLineAsync($"  rule        {denied.Rule}");
                await output.WriteLineAsync($"  would pass  {denied.WouldPass}");
                return Denied;
            default:
                throw new UnreachableException();
        }
    }

    private static async Task WriteAsync(TextWriter output, Verdict.Allowed allowed, bool assumedRecipient)
    {
        await output.WriteLineAsync($"allowed: {allowed.Facts.Value} USD to {allowed.Facts.Origin}, if its limits have room");
        await output.WriteLineAsync($"  rule        {allowed.Rule}");
        var recipient = allowed.Recipient switch
        {
            RecipientRule.Listed => "a listed one",
            RecipientRule.Pin => "the first one seen at this origin is pinned",
            RecipientRule.Any => "any",
        };
        await output.WriteLineAsync($"  recipient   {recipient}{(assumedRecipient ? "" : $": {allowed.Facts.PayTo}")}");
        await output.WriteLineAsync($"  valid       at most {allowed.ValidSeconds} seconds");
        foreach (var line in allowed.Lines)
        {
            await output.WriteLineAsync($"  draws on    {line.Limit} USD, {line.Window} ({line.Id})");
        }
    }

    private static string? Problem(string agent, string url, string price, string? payTo, out AgentId id, out Origin origin, out Usd dollars, out EvmAddress? recipient)
    {
        (origin, dollars, recipient) = (default, default, null);
        if (!AgentId.TryParse(agent, out id))
        {
            return $"expected an agent's name ({AgentId.Expected}), found `{agent}`";
        }

        if (!Origin.TryParse(OriginPart(url), out origin))
        {
            return $"expected a URL such as `https://api.exa.ai/search`, found `{url}`";
        }

        if (!Usd.TryParse(price, out dollars))
        {
            return $"expected a price in dollars, such as `0.05`, found `{price}`";
        }

        var known = EvmAddress.TryParse(payTo, out var address);
        recipient = known ? address : null;
        return payTo is null || known ? null : $"expected a full address (0x and 40 hex digits), found `{payTo}`";
    }

    private static string OriginPart(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = start < 3 ? -1 : url.AsSpan(start).IndexOfAny('/', '?', '#');
        return end < 0 ? url : url[..(start + end)];
    }
}
