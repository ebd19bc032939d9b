using System.Globalization;

namespace SmartProxy.Text;

/// <summary>Durations as people write them: <c>90s</c>, <c>15m</c>, <c>12h</c> or <c>30d</c>; <c>0s</c> is one.</summary>
internal static class Durations
{
    /// <summary>Reads a whole number and its unit; at most a hundred years of days.</summary>
    public static bool TryRead(string text, out TimeSpan duration)
    {
        duration = default;
        if (text.Length is < 2 or > 7 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        TimeSpan? read = text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' when count <= 36_500 => TimeSpan.FromDays(count),
            _ => null,
        };
        duration = read ?? default;
        return read is not null;
    }
}
