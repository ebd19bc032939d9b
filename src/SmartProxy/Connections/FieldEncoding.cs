using System.Text;

namespace SmartProxy.Connections;

/// <summary>
/// How the server is to read the value of one header field: one letter for each byte, as in Latin-1. The server calls it before it looks at the value
/// itself, which makes it the one place to be stricter than the server, or to spare it what it compares too strictly.
/// </summary>
internal abstract class FieldEncoding : Encoding
{
    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var value = chars.AsSpan(charIndex, Latin1.GetChars(bytes, byteIndex, byteCount, chars, charIndex));
        Read(value);
        return value.Length;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

    /// <summary>Changes a value in its place.</summary>
    protected abstract void Read(Span<char> value);
}
