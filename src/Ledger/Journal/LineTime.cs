using System.Globalization;

namespace SmartProxy.Ledger;

/// <summary>The one spelling of a time in a line: <see cref="JsonFields.TimeFormat"/>, read digit by digit because every line has one.</summary>
internal static class LineTime
{
    private const string Pattern = "0000-00-00T00:00:00.000000Z";

    public static bool TryRead(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        time = default;
        if (!HasPattern(text))
        {
            return false;
        }

        var (year, month, day) = (Number(text[..4]), Number(text[5..7]), Number(text[8..10]));
        var (hour, minute, second) = (Number(text[11..13]), Number(text[14..16]), Number(text[17..19]));
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > CultureInfo.InvariantCulture.Calendar.GetDaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        time = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).AddTicks(Number(text[20..26]) * TimeSpan.TicksPerMicrosecond);
        return true;
    }

    private static bool HasPattern(ReadOnlySpan<byte> text)
    {
        if (text.Length != Pattern.Length)
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (Pattern[i] == '0' ? !char.IsAsciiDigit((char)text[i]) : text[i] != Pattern[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        var number = 0;
        foreach (var digit in digits)
        {
            number = (number * 10) + (digit - '0');
        }

        return number;
    }
}
