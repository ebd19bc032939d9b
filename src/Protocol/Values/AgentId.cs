namespace SmartProxy.Protocol;

/// <summary>An agent's name: 1 to 64 of lower-case letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, starting with a letter or digit.</summary>
public readonly record struct AgentId(string Value)
{
    public const string Expected = "1 to 64 of `a-z`, `0-9`, `-`, `_`, `.`, starting with a letter or digit";

    public static bool TryParse(string? text, out AgentId agent)
    {
        agent = default;
        if (text is not { Length: > 0 and <= 64 } || !char.IsAsciiLetterOrDigit(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        agent = new AgentId(text);
        return true;
    }

    public override string ToString() => Value;
}
