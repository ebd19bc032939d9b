using System.Globalization;
using System.Numerics;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Accounting.Statements;

/// <summary>A statement for people: one column of figures for each account, then what to look at.</summary>
internal static class StatementText
{
    private const string NotKnown = "not known";
    private static readonly string[] Heads = ["KIND", "UNITS", "TO", "BLOCK", "PAYMENT", "DETAIL"];

    public static void Write(TextWriter output, Statement statement)
    {
        output.WriteLine($"statement of {statement.Month} ({statement.Month.Start:u} to {statement.Month.End:u}), journal line {statement.JournalHead.Sequence}");
        foreach (var chain in statement.Chains)
        {
            output.WriteLine();
            output.WriteLine(Words(chain));
            foreach (var account in statement.Accounts.Where(account => account.Chain == chain.Chain))
            {
                Write(output, account);
            }
        }

        if (statement.Exceptions.Count > 0)
        {
            output.WriteLine();
            Printer.Columns(output, Heads, [.. statement.Exceptions.Select(Row)]);
        }

        output.WriteLine();
        output.WriteLine(statement.TiesOut ? "every account ties out" : "NOT every account is known to tie out");
    }

    private static string Words(StatedChain chain) =>
        chain.Unknown is { } unknown ? $"{Name(chain.Chain)}: {Printable.Line(unknown)}"
        : $"{Name(chain.Chain)}: closing at block {chain.Closing!.Number} of {chain.Closing.Time:u}{(chain.IsWhole ? "" : ", the last final one so far: the month is not over")}";

    private static void Write(TextWriter output, StatedAccount account)
    {
        output.WriteLine($"  {account.Symbol ?? account.Account.Asset.ToString()} of {account.Account.Wallet}");
        (string, BigInteger?)[] figures = [("opening", account.Opening), ("+ in", account.In), ("- settled", account.Settled), ("- unexplained", account.Unexplained), ("= closing", account.Closing), ("difference", account.Difference), ("still open", account.Open)];
        var widest = figures.Max(figure => Tokens(figure.Item2, account.Decimals).Length);
        foreach (var (name, units) in figures)
        {
            output.WriteLine($"    {name,-14}{Tokens(units, account.Decimals).PadLeft(widest)}");
        }
    }

    private static string[] Row(StatedException exception) =>
    [
        exception.Kind,
        exception.Amount?.ToString(CultureInfo.InvariantCulture) ?? "-",
        exception.To?.ToString() ?? "-",
        exception.Block?.ToString(CultureInfo.InvariantCulture) ?? "-",
        exception.Payment?.Value ?? "-",
        exception.Detail,
    ];

    private static string Name(ChainId chain) => NetworkNames.ShortNameOf(chain);

    /// <summary>Units as tokens, with all decimals, so that columns line up; bare units where the token is not in the registry.</summary>
    private static string Tokens(BigInteger? units, int? decimals)
    {
        if (units is not { } known)
        {
            return NotKnown;
        }

        var digits = BigInteger.Abs(known).ToString(CultureInfo.InvariantCulture).PadLeft((decimals ?? 0) + 1, '0');
        var text = decimals is > 0 and var places ? $"{digits[..^places]}.{digits[^places..]}" : digits;
        return known.Sign < 0 ? "-" + text : text;
    }
}
