using System.Text;

namespace SmartProxy.Text;

/// <summary>Text of strangers, made fit for one line of a terminal or a log.</summary>
internal static class Printable
{
    /// <summary>At most <paramref name="max"/> characters; controls, line ends, escapes and direction marks become <c>·</c>.</summary>
    public static string Line(string? text, int max = 200)
    {
        var line = new StringBuilder();
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            if (line.Length >= max)
            {
                return line.Append('…').ToString();
            }

            line.Append(IsPlain(rune) ? rune.ToString() : "·");
        }

        return line.ToString();
    }

    private static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        System.Globalization.UnicodeCategory.Control
        or System.Globalization.UnicodeCategory.Format
        or System.Globalization.UnicodeCategory.LineSeparator
        or System.Globalization.UnicodeCategory.ParagraphSeparator
        or System.Globalization.UnicodeCategory.PrivateUse
        or System.Globalization.UnicodeCategory.Surrogate
        or System.Globalization.UnicodeCategory.OtherNotAssigned) && rune.Value != 0xFFFD;
}
