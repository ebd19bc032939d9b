namespace SmartProxy.Accounting;

/// <summary>Comma-separated values (RFC 4180) that a spreadsheet shows and never runs.</summary>
internal static class Csv
{
    public static string Line(params IEnumerable<string> cells) => string.Join(',', cells.Select(Cell));

    // A cell that starts like a formula is led by an apostrophe; so is one with a leading tab or carriage return, which some programs skip.
    private static string Cell(string text)
    {
        var harmless = text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + text : text;
        return harmless.AsSpan().IndexOfAny(",\"\r\n") < 0 ? harmless : $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
