namespace SmartProxy.Policy.Rules;

/// <summary>Names that operators give: 1 to 64 of lower-case letters, digits, <c>-</c> and <c>_</c>, starting with a letter or digit; no dot, so that no name looks like a host.</summary>
internal static class Names
{
    public const string Expected = "1 to 64 of `a-z`, `0-9`, `-`, `_`, starting with a letter or digit";

    public const string Pattern = "^[a-z0-9][a-z0-9_-]{0,63}$";

    public static bool IsName(string text) =>
        text is { Length: > 0 and <= 64 }
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');
}
