using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>Somewhere that a policy lets an agent pay; it stands for all that no rule tells apart.</summary>
/// <param name="Entry">The entry of <c>agents</c>: <c>me</c>, <c>r-*</c>.</param>
/// <param name="Agent">The agent that stands for it.</param>
/// <param name="IsPattern">Whether it stands for as many agents as anyone makes tokens for.</param>
/// <param name="Label">How the place reads: a merchant, a host pattern, <c>any other host</c>.</param>
/// <param name="Origin">Where.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path.</param>
/// <param name="Token">With what.</param>
/// <param name="Recipient">To whom.</param>
/// <param name="IsAnyone">Whether that is anyone at all, because the policy lists nobody there.</param>
/// <param name="Wallet">The wallet that the policy names, or null.</param>
/// <param name="OpenAt">A time at which the schedule lets it.</param>
public sealed record PayablePlace(
    string Entry, AgentId Agent, bool IsPattern, string Label, Origin Origin, string Method, string Path, Asset Token, EvmAddress Recipient, bool IsAnyone, string? Wallet, DateTimeOffset OpenAt);
