using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SmartProxy.Protocol;

/// <summary>
/// A host in the one normal form that is judged, dialled, put into SNI and written into receipts: A-labels, lower case, no trailing dot;
/// an IP literal in canonical form, IPv6 without brackets.
/// </summary>
public readonly record struct HostName
{
    private static readonly IdnMapping Idn = new() { AllowUnassigned = false, UseStd3AsciiRules = true };

    private HostName(string value, bool isAddress) => (Value, IsAddress) = (value, isAddress);

    public string Value { get; }

    /// <summary>Whether this is an IP literal.</summary>
    public bool IsAddress { get; }

    /// <summary>
    /// Reads a host of an authority (RFC 3986 3.2.2), with or without brackets, any case, one trailing dot, U-labels allowed.
    /// Number-like names that some resolvers read as addresses (<c>127.1</c>, <c>0x7f.1</c>, <c>2130706433</c>) are refused.
    /// </summary>
    public static bool TryParse(string? text, out HostName host)
    {
        host = default;
        if (text is not { Length: > 0 and <= 255 })
        {
            return false;
        }

        if (text[0] == '[' || text.Contains(':', StringComparison.Ordinal))
        {
            return TryParseIPv6(text, out host);
        }

        if (!TryGetAscii(text.EndsWith('.') ? text[..^1] : text, out var name))
        {
            return false;
        }

        // A last label that starts with a digit makes an address or nothing (WHATWG "ends in a number").
        if (char.IsAsciiDigit(name[(name.LastIndexOf('.') + 1)]))
        {
            var canonical = IPAddress.TryParse(name, out var address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == name;
            host = canonical ? new HostName(name, isAddress: true) : default;
            return canonical;
        }

        host = new HostName(name, isAddress: false);
        return true;
    }

    /// <summary>The form used inside an authority: IPv6 literals in brackets.</summary>
    public string ToAuthority() => IsAddress && Value.Contains(':', StringComparison.Ordinal) ? $"[{Value}]" : Value;

    public override string ToString() => Value;

    private static bool TryParseIPv6(string text, out HostName host)
    {
        host = default;
        var inner = text[0] == '[' && text[^1] == ']' ? text[1..^1] : text;
        var refused = inner.AsSpan().ContainsAny("%[]")
            || !IPAddress.TryParse(inner, out var address)
            || address.AddressFamily != AddressFamily.InterNetworkV6;
        if (refused)
        {
            return false;
        }

        host = new HostName(IPAddress.Parse(inner).ToString(), isAddress: true);
        return true;
    }

    private static bool TryGetAscii(string text, out string name)
    {
        name = text;
        if (text.Length == 0)
        {
            return false;
        }

        if (!Ascii.IsValid(text) && !TryMapToALabels(text, out name))
        {
            return false;
        }

        name = name.ToLowerInvariant();
        return name.Length <= 253 && name.Split('.').All(IsLabel);
    }

    private static bool TryMapToALabels(string text, out string name)
    {
        // The mapping does not fold case by itself.
        name = text.ToLowerInvariant();
        if (!name.All(IsPlain))
        {
            return false;
        }

        try
        {
            name = Idn.GetAscii(name);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // Letters and marks, and the dots of other scripts. Digits of other scripts, invisible characters and compatibility forms (letter-like symbols,
    // ligatures, full-width letters) read like a name that they are not.
    private static bool IsPlain(char c) =>
        char.IsAscii(c)
        || c is '\u3002' or '\uFF0E' or '\uFF61'
        || (c is not (>= '\u2100' and <= '\u214F' or >= '\uFB00')
            && char.GetUnicodeCategory(c) is UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
                or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');
}
