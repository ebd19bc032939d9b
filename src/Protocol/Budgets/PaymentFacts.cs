namespace SmartProxy.Protocol;

/// <summary>What is known of a payment that spending can be summed by. Group, policy, merchant and category are those in force when it was reserved.</summary>
/// <param name="Agent">Who spends.</param>
/// <param name="Group">The agent's group, if any.</param>
/// <param name="Policy">The policy that the agent took its members from, if any.</param>
/// <param name="Origin">Where the money goes, as dialled.</param>
/// <param name="Merchant">The operator's name for that origin, if any.</param>
/// <param name="Category">The merchant's category, if any.</param>
/// <param name="Network">The chain.</param>
/// <param name="Asset">The token contract.</param>
/// <param name="PayTo">The recipient.</param>
/// <param name="Value">Dollar value by the asset registry, rounded up to the next micro-dollar.</param>
public sealed record PaymentFacts(
    AgentId Agent,
    string? Group,
    string? Policy,
    Origin Origin,
    string? Merchant,
    string? Category,
    ChainId Network,
    EvmAddress Asset,
    EvmAddress PayTo,
    Usd Value)
{
    /// <summary>The request's method.</summary>
    public string Method { get; init; } = "";

    /// <summary>The request's path without its query, as sent, cut at 2,048 characters.</summary>
    public string Path { get; init; } = "";
}
