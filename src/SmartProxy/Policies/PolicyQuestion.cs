using SmartProxy.Protocol;

namespace SmartProxy.Policies;

/// <summary>What <c>policy explain</c> asks.</summary>
/// <param name="Policy">The policy file, or a folder of them.</param>
/// <param name="Agent">Who would pay.</param>
/// <param name="Url">What it would ask for.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Price">Dollars, or null for the least there is.</param>
/// <param name="Json">Whether the answer is one JSON object.</param>
internal sealed record PolicyQuestion(string Policy, AgentId Agent, string Url, string Method, string? Price, bool Json)
{
    /// <summary>How limits stand, by their ids; null where no books are known.</summary>
    public Func<IReadOnlyList<BudgetLine>, Task<IReadOnlyDictionary<string, LimitStand>>>? Figures { get; init; }
}

/// <summary>How a limit stands right now; each figure in the limit's own unit.</summary>
internal sealed record LimitStand(string Remaining, string Spent, string Held)
{
    public override string ToString() => $"{Remaining} left ({Spent} spent, {Held} held)";
}
