namespace SmartProxy.Protocol;

/// <summary>
/// One limit that a payment draws on: at most <paramref name="Limit"/> over all payments that <paramref name="Scope"/> matches, within
/// <paramref name="Window"/>. Policy says which lines apply; Ledger says whether there is room in all of them, or none.
/// </summary>
/// <param name="Id">The limit's own words, its place in the policy: <c>policies.research.limits.day</c>.</param>
/// <param name="Owner">Whose pot it is on.</param>
/// <param name="Scope">Which payments count.</param>
/// <param name="Window">When they count.</param>
/// <param name="Limit">The most that may be spent or promised; its measure says what is counted.</param>
public sealed record BudgetLine(string Id, BudgetOwner Owner, SpendScope Scope, SpendWindow Window, Quantity Limit);

/// <summary>
/// A set of payments, chosen by what is known of them. Two scopes with the same key are the same set under one policy snapshot;
/// the key is a canonical text such as <c>agent=me</c> or <c>agent=me&amp;merchant=exa</c>.
/// </summary>
public sealed class SpendScope(string key, Func<PaymentFacts, bool> matches) : IEquatable<SpendScope>
{
    public string Key { get; } = key;

    /// <summary>The one agent whose payments these are, where the scope is about one: then nobody else's are looked at.</summary>
    public AgentId? Agent { get; init; }

    public bool Matches(PaymentFacts facts) => (Agent is not { } agent || facts.Agent == agent) && matches(facts);

    public bool Equals(SpendScope? other) => other is not null && Key == other.Key;

    public override bool Equals(object? obj) => Equals(obj as SpendScope);

    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Key;
}
