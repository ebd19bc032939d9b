using System.Numerics;
using CsCheck;
using SmartProxy.Policy.Analysis;

namespace SmartProxy.Policy.Tests.Analysis;

public sealed class ExactSimplexTests
{
    [Fact]
    public void A_fractional_optimum_is_exact()
    {
        // Three pairs, each at most 1: the best is one half of each.
        var x = ExactSimplex.Maximize([[1, 1, 0], [0, 1, 1], [1, 0, 1]], [1, 1, 1])!;

        Assert.Equal(new Fraction(3, 2), Sum(x), Same);
    }

    [Fact]
    public void A_column_in_no_row_has_no_bound() => Assert.Null(ExactSimplex.Maximize([[1, 0]], [5]));

    [Fact]
    public void A_degenerate_program_ends() =>
        Assert.Equal(BigInteger.One, Sum(ExactSimplex.Maximize([[1, 1], [2, 2], [1, 0], [1, 0]], [1, 2, 0, 0])!).Floor);

    private static readonly Gen<(int Columns, int[] Most, int[][] Weights)> Programs =
        Gen.Select(Gen.Int[1, 3], Gen.Int[0, 6].Array[1, 5]).SelectMany((columns, most) => Gen.Int[0, 2].Array[columns].Array[most.Length].Select(weights => (columns, most, weights)));

    [Fact]
    public void The_optimum_keeps_every_row_and_no_whole_solution_is_better() => Programs.Sample(program =>
    {
        var (columns, most, weights) = program;
        var x = ExactSimplex.Maximize([.. weights.Select(w => w.Select(v => (BigInteger)v).ToArray())], [.. most.Select(m => (BigInteger)m)]);
        var isBounded = Enumerable.Range(0, columns).All(c => weights.Any(w => w[c] > 0));
        if (x is null)
        {
            return !isBounded;
        }

        var keeps = weights.Select((w, i) => x.Select((v, c) => v * (BigInteger)w[c]).Aggregate(Fraction.Zero, (a, b) => a + b) <= (BigInteger)most[i]).All(k => k);
        return isBounded && keeps && x.All(v => v.Numerator.Sign >= 0) && Sum(x) >= (BigInteger)BestWhole(columns, most, weights) && IsDual(Sum(x), program);
    }, iter: 3000);

    [Fact]
    public void Shrinking_a_program_does_not_change_its_answer() => Programs.Where(p => Enumerable.Range(0, p.Columns).All(c => p.Weights.Any(w => w[c] > 0))).Sample(program =>
    {
        var (columns, most, weights) = program;
        var packing = new PackingProgram();
        for (var c = 0; c < columns; c++)
        {
            packing.AddColumn();
        }

        for (var r = 0; r < most.Length; r++)
        {
            var row = r;
            packing.AddRow(most[r], Enumerable.Range(0, columns).Where(c => weights[row][c] > 0).Select(c => (c, (BigInteger)weights[row][c])));
        }

        var solution = packing.Solve();
        var plain = Sum(ExactSimplex.Maximize([.. weights.Select(w => w.Select(v => (BigInteger)v).ToArray())], [.. most.Select(m => (BigInteger)m)])!);

        // A bound is rounded down to whole units, which money is; so a program of ones must agree, any other may come out lower, never below the whole optimum.
        var isOnes = weights.All(w => w.All(v => v <= 1));
        var amounts = solution.Amounts.Aggregate(Fraction.Zero, (a, b) => a + b);
        return amounts.CompareTo(solution.Most!.Value) == 0 && (isOnes ? solution.Most.Value.CompareTo(plain) == 0 : solution.Most.Value <= plain && solution.Most.Value >= (BigInteger)BestWhole(columns, most, weights));
    }, iter: 3000);

    private static readonly IEqualityComparer<Fraction> Same = EqualityComparer<Fraction>.Create((a, b) => a.CompareTo(b) == 0, _ => 0);

    private static Fraction Sum(Fraction[] x) => x.Aggregate(Fraction.Zero, (a, b) => a + b);

    private static int BestWhole(int columns, int[] most, int[][] weights)
    {
        var best = 0;
        for (var code = 0; code < (int)Math.Pow(7, columns); code++)
        {
            var x = Enumerable.Range(0, columns).Select(c => code / (int)Math.Pow(7, c) % 7).ToArray();
            best = weights.Select((w, i) => w.Zip(x, (a, b) => a * b).Sum() <= most[i]).All(k => k) ? Math.Max(best, x.Sum()) : best;
        }

        return best;
    }

    // Strong duality: by the same code on the transposed question no better bound is found; checked on a grid of halves and thirds.
    private static bool IsDual(Fraction optimum, (int Columns, int[] Most, int[][] Weights) program)
    {
        var (columns, most, weights) = program;
        var scaled = new int[columns];
        var best = 0;
        Search(0);
        return optimum * (BigInteger)6 >= (BigInteger)best;

        void Search(int column)
        {
            if (column == columns)
            {
                var keeps = weights.Select((w, i) => w.Zip(scaled, (a, b) => a * b).Sum() <= most[i] * 6).All(k => k);
                best = keeps ? Math.Max(best, scaled.Sum()) : best;
                return;
            }

            for (scaled[column] = 0; scaled[column] <= 12; scaled[column]++)
            {
                Search(column + 1);
            }

            scaled[column] = 0;
        }
    }
}
