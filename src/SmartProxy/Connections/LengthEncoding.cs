using System.Text;

namespace SmartProxy.Connections;

/// <summary>
/// The value of <c>Content-Length</c>: digits and nothing else. The server reads the value with its own, more lenient, number parser (<c>+5</c>,
/// <c>-0</c>) and forgets its text; only here can it be seen. Anything but digits becomes text that no parser takes for a number.
/// </summary>
internal sealed class LengthEncoding : Encoding
{
    public static LengthEncoding Instance { get; } = new();

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var value = bytes.AsSpan(byteIndex, byteCount);
        var written = Latin1.GetChars(value, chars.AsSpan(charIndex));
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            chars.AsSpan(charIndex, written).Fill('x');
        }

        return written;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);
}
