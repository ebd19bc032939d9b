using System.Buffers;

namespace SmartProxy.Protocol.X402;

/// <summary>Network identifiers of any family of chains (CAIP-2): <c>namespace:reference</c>.</summary>
internal static class Caip2
{
    private static readonly SearchValues<char> NamespaceCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    private static readonly SearchValues<char> ReferenceCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    public static bool IsWellFormed(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon is >= 3 and <= 8
            && text.AsSpan(0, colon).IndexOfAnyExcept(NamespaceCharacters) < 0
            && text.Length - colon - 1 is >= 1 and <= 32
            && text.AsSpan(colon + 1).IndexOfAnyExcept(ReferenceCharacters) < 0;
    }
}
