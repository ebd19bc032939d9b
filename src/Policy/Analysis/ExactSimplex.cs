using System.Numerics;

namespace SmartProxy.Policy.Analysis;

/// <summary>
/// Maximises the sum of x where A x ≤ b, x ≥ 0 and b ≥ 0, exactly. The tableau holds whole numbers over one common denominator (integer
/// pivoting: every division below comes out even), so nothing is ever rounded. Bland's rule ends it: no cycles.
/// </summary>
internal static class ExactSimplex
{
    /// <summary>Larger programs (rows times columns) are not solved.</summary>
    public const int MaxCells = 8_000;

    // After so many steps by the steepest column, Bland's rule takes over: slower, and it always ends.
    private const int MaxSteepest = 500;

    /// <param name="a">Rows of coefficients, all of one length.</param>
    /// <param name="b">The most of each row; not negative.</param>
    /// <returns>The optimal x, or null when the sum has no bound.</returns>
    public static Fraction[]? Maximize(BigInteger[][] a, BigInteger[] b)
    {
        var (rows, columns) = (a.Length, a.Length == 0 ? 0 : a[0].Length);
        var tableau = new BigInteger[rows + 1][];
        for (var i = 0; i < rows; i++)
        {
            tableau[i] = [.. a[i], b[i]];
        }

        // The last row is the objective, negated: an entry below zero can still be improved.
        tableau[rows] = [.. Enumerable.Repeat(BigInteger.MinusOne, columns), BigInteger.Zero];
        var basis = Enumerable.Range(columns, rows).ToArray();
        var outside = Enumerable.Range(0, columns).ToArray();
        var denominator = BigInteger.One;
        for (var step = 0; Entering(tableau[rows], outside, steepest: step < MaxSteepest) is var column and >= 0; step++)
        {
            var row = Leaving(tableau, basis, column);
            if (row < 0)
            {
                return null;
            }

            denominator = Pivot(tableau, row, column, denominator);
            (basis[row], outside[column]) = (outside[column], basis[row]);
        }

        var x = Enumerable.Repeat(Fraction.Zero, columns).ToArray();
        for (var i = 0; i < rows; i++)
        {
            if (basis[i] < columns)
            {
                x[basis[i]] = new Fraction(tableau[i][columns], denominator);
            }
        }

        return x;
    }

    private static int Entering(BigInteger[] objective, int[] outside, bool steepest)
    {
        var best = -1;
        for (var j = 0; j < outside.Length; j++)
        {
            var isBetter = objective[j].Sign < 0
                && (best < 0 || (steepest && objective[j] < objective[best]) || ((!steepest || objective[j] == objective[best]) && outside[j] < outside[best]));
            best = isBetter ? j : best;
        }

        return best;
    }

    private static int Leaving(BigInteger[][] tableau, int[] basis, int column)
    {
        var best = -1;
        for (var i = 0; i < basis.Length; i++)
        {
            if (tableau[i][column].Sign <= 0)
            {
                continue;
            }

            var order = best < 0 ? -1 : (tableau[i][^1] * tableau[best][column]).CompareTo(tableau[best][^1] * tableau[i][column]);
            best = order < 0 || (order == 0 && basis[i] < basis[best]) ? i : best;
        }

        return best;
    }

    private static BigInteger Pivot(BigInteger[][] tableau, int row, int column, BigInteger denominator)
    {
        var pivot = tableau[row][column];
        for (var i = 0; i < tableau.Length; i++)
        {
            var factor = tableau[i][column];
            if (i == row)
            {
                continue;
            }

            for (var j = 0; j < tableau[i].Length; j++)
            {
                if (j != column)
                {
                    tableau[i][j] = (tableau[i][j] * pivot - factor * tableau[row][j]) / denominator;
                }
            }

            tableau[i][column] = -factor;
        }

        tableau[row][column] = denominator;
        return pivot;
    }
}
