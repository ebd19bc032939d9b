using System.Globalization;

namespace SmartProxy.Protocol;

/// <summary>An EVM chain, 1 to 2^63−1. Its text is CAIP-2: <c>eip155:8453</c>.</summary>
public readonly record struct ChainId(ulong Value)
{
    private const string Namespace = "eip155:";

    /// <summary>Reads CAIP-2 text of the <c>eip155</c> namespace, without a leading zero.</summary>
    public static bool TryParse(string? text, out ChainId chain)
    {
        chain = default;
        if (text is null || !text.StartsWith(Namespace, StringComparison.Ordinal))
        {
            return false;
        }

        var digits = text.AsSpan(Namespace.Length);
        if (digits.Length is 0 or > 19 || digits[0] == '0' || digits.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var parsed = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        chain = new ChainId(value);
        return parsed && value <= long.MaxValue;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Namespace}{Value}");
}
