using SmartProxy.Protocol;

namespace SmartProxy.Policy.Analysis;

/// <summary>The most that can newly be signed in a period.</summary>
/// <param name="Most">Dollars; null for no limit.</param>
/// <param name="IsExact">Whether some sequence of offers reaches it; otherwise it is an upper bound.</param>
public readonly record struct WorstFigure(Usd? Most, bool IsExact)
{
    /// <summary>Nothing can be signed.</summary>
    public static readonly WorstFigure Nothing = new(Usd.Zero, true);

    /// <summary><c>5.00</c>, <c>at most 5.00</c>, <c>no limit</c>.</summary>
    public override string ToString() => Most is not { } most ? "no limit" : IsExact ? most.ToString() : $"at most {most}";
}

/// <summary>One owner's worst cases.</summary>
/// <param name="Subject"><c>agent:r-*</c>, <c>group:lab</c>, <c>merchant:exa</c>, <c>organization</c>.</param>
/// <param name="Figures">By period.</param>
public sealed record WorstCase(string Subject, IReadOnlyDictionary<WorstPeriod, WorstFigure> Figures);
