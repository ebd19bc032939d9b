using System.Text;

namespace SmartProxy.Tests.Fuzz;

/// <summary>Makes inputs that look almost like good ones. The same seed makes the same input.</summary>
internal sealed class Mutator(IReadOnlyList<byte[]> corpus, IReadOnlyList<string> words)
{
    private const int Longest = 96 * 1024;

    private static readonly string[] Common =
    [
        "\r\n", "\n", "\r", "\0", "\t", " ", ":", "\"", "\\", "\\u0000", "\\ud800", "{", "}", "[", "]", ",", "null", "true", "-1", "0", "00", "1e9", "0.5",
        "18446744073709551616", "340282366920938463463374607431768211456", "9223372036854775807", "-0", "0x", "é", "\u202e", "//", "/*",
    ];

    private readonly byte[][] _words = [.. Common.Concat(words).Select(Encoding.UTF8.GetBytes)];

    public byte[] Make(int seed)
    {
        var random = new Random(seed);
        var bytes = new List<byte>(Pick(random, corpus));
        for (var left = random.Next(0, 7); left > 0; left--)
        {
            Change(random, bytes);
        }

        return bytes.Count <= Longest ? [.. bytes] : [.. bytes.Take(Longest)];
    }

    private void Change(Random random, List<byte> bytes)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(random.Next(1, 1 << random.Next(1, 8)), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0 when length > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when length > 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                bytes.InsertRange(at, Pick(random, _words));
                break;
            case 5:
                // Part of another good input, at a place where it may fit.
                var other = Pick(random, corpus);
                var from = random.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(random.Next(1, 400), other.Length - from)));
                break;
            case 6 when length > 0:
                Repeat(bytes, at, length, random.Next(1, 1 << random.Next(1, 12)));
                break;
            default:
                SwapValue(random, bytes);
                break;
        }
    }

    private static void Repeat(List<byte> bytes, int at, int length, int times)
    {
        var piece = bytes.GetRange(at, length);
        for (; times > 0 && bytes.Count < Longest; times--)
        {
            bytes.InsertRange(at, piece);
        }
    }

    // A run of digits or letters becomes another word.
    private void SwapValue(Random random, List<byte> bytes)
    {
        var at = bytes.FindIndex(random.Next(bytes.Count + 1), static b => char.IsAsciiLetterOrDigit((char)b));
        if (at >= 0)
        {
            var end = bytes.FindIndex(at, static b => !char.IsAsciiLetterOrDigit((char)b));
            bytes.RemoveRange(at, (end < 0 ? bytes.Count : end) - at);
            bytes.InsertRange(at, Pick(random, _words));
        }
    }

    private static byte[] Pick(Random random, IReadOnlyList<byte[]> from) => from[random.Next(from.Count)];
}
