namespace SmartProxy.Tests.Simulation;

/// <summary>Over which time a limit sums.</summary>
internal enum Per
{
    Payment,
    Day,
    Rolling,
    Total,

    /// <summary>A number of payments in a day.</summary>
    DayCount,
}

/// <summary>A limit as the operator means it, apart from everything that the product makes of it.</summary>
/// <param name="Pot">Whose: <c>organization</c>, <c>group</c>, <c>merchant:a</c>, <c>agent:x</c>.</param>
/// <param name="Per">Over which time.</param>
/// <param name="Most">Micro-dollars, or payments.</param>
internal sealed record Limit(string Pot, Per Per, ulong Most)
{
    /// <summary>The length of <see cref="Per.Rolling"/>.</summary>
    public static readonly TimeSpan RollingLength = TimeSpan.FromMinutes(10);

    /// <summary>Whether grants give room beyond it.</summary>
    public bool IsLiftable => Per is Per.Day or Per.Rolling or Per.Total;

    public bool Covers(Purchase purchase) =>
        Pot == "organization"
        || (Pot == "group" && purchase.Agent is "x" or "y")
        || Pot == $"merchant:{purchase.Seller}"
        || Pot == $"agent:{purchase.Agent}";

    /// <summary>Its member in a policy file.</summary>
    public string ToMember() => Per switch
    {
        Per.Payment => $"\"payment\": \"{Dollars}\"",
        Per.Day => $"\"day\": \"{Dollars}\"",
        Per.Rolling => $"\"10m\": \"{Dollars}\"",
        Per.Total => $"\"total\": \"{Dollars}\"",
        Per.DayCount => $"\"payments\": {{ \"day\": {Most} }}",
        _ => throw new NotSupportedException(),
    };

    private string Dollars => new Protocol.Usd(Most).ToString();
}

/// <summary>Who asks whom for what, as the agent means it.</summary>
/// <param name="Agent"><c>x</c>, <c>y</c> (of the group) or <c>z</c>.</param>
/// <param name="Seller"><c>a</c>, <c>b</c> (merchants) or <c>c</c> (a host that the policy does not name).</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path.</param>
/// <param name="Key">The idempotency key, if any.</param>
internal sealed record Purchase(string Agent, string Seller, string Method, string Path, string? Key)
{
    /// <summary>What makes two requests one purchase.</summary>
    public string Logical => Key is null ? $"{Agent} {Method} {Seller}{Path}" : $"{Agent} key {Key}";
}
