namespace SmartProxy.Protocol;

/// <summary>Schemes in <c>Authorization</c> and <c>WWW-Authenticate</c> (RFC 9110 11.4).</summary>
public static class AuthorizationField
{
    /// <summary>
    /// Whether a line names a scheme. Servers differ in how they split the field; any piece between commas, quoted or not, that starts with the
    /// scheme counts.
    /// </summary>
    public static bool Names(string line, string scheme)
    {
        foreach (var range in line.AsSpan().Split(','))
        {
            if (StartsWith(line.AsSpan(range), scheme))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a piece of the field begins with a scheme. <c>payment=…</c> is a parameter of another one.</summary>
    public static bool StartsWith(ReadOnlySpan<char> piece, string scheme)
    {
        piece = piece.Trim(" \t");
        return piece.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && EndsWord(piece[scheme.Length..]);
    }

    private static bool EndsWord(ReadOnlySpan<char> rest) => rest.IsEmpty || (rest[0] is ' ' or '\t' && !rest.TrimStart(" \t").StartsWith('='));
}
