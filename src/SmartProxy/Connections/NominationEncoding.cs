using System.Text;
using SmartProxy.Forwarding.Headers;

namespace SmartProxy.Connections;

/// <summary>
/// Latin-1 for the value of <c>Connection</c>. The server replaces a value in which it knows only <c>keep-alive</c>, <c>close</c> or
/// <c>upgrade</c> by that one word and forgets every other name in it; the names that an agent nominates as hop-by-hop would be lost and the
/// headers forwarded. A value that nominates gets two known words more, so that it is left alone. Its connection then ends with its request.
/// </summary>
internal sealed class NominationEncoding : Encoding
{
    private const string LeftAlone = ", keep-alive, close";

    public static NominationEncoding Instance { get; } = new();

    public override int GetCharCount(byte[] bytes, int index, int count) => count + Suffix(bytes.AsSpan(index, count)).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var written = Latin1.GetChars(bytes, byteIndex, byteCount, chars, charIndex);
        var suffix = Suffix(bytes.AsSpan(byteIndex, byteCount));
        suffix.CopyTo(chars.AsSpan(charIndex + written));
        return written + suffix.Length;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount + LeftAlone.Length;

    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

    private static string Suffix(ReadOnlySpan<byte> value) =>
        HeaderRules.Nominated(Latin1.GetString(value)) is null ? "" : LeftAlone;
}
