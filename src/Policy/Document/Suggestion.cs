namespace SmartProxy.Policy.Document;

/// <summary>Guesses what a person meant to type.</summary>
internal static class Suggestion
{
    /// <summary><c>: did you mean `day`?</c>, or an empty text when nothing known is near.</summary>
    public static string For(string typed, IEnumerable<string> known) =>
        Nearest(typed, known) is { } near ? $": did you mean `{near}`?" : "";

    /// <summary>The known word within two edits (one, for short words), compared without case; null when there is none.</summary>
    public static string? Nearest(string typed, IEnumerable<string> known)
    {
        const int longestWord = 64;
        if (typed.Length > longestWord)
        {
            return null;
        }

        var reach = typed.Length <= 3 ? 1 : 2;
        return known
            .Select(word => (Word: word, Edits: Edits(typed.ToLowerInvariant(), word.ToLowerInvariant())))
            .Where(guess => guess.Edits <= reach && guess.Edits < guess.Word.Length)
            .OrderBy(guess => guess.Edits)
            .ThenBy(guess => guess.Word, StringComparer.Ordinal)
            .Select(guess => guess.Word)
            .FirstOrDefault();
    }

    // Optimal string alignment: insert, delete, replace, swap of neighbours, one each.
    private static int Edits(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                cost[i, j] = (i, j) switch
                {
                    (_, 0) => i,
                    (0, _) => j,
                    _ => Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)),
                };
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
