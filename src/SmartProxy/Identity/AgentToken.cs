using System.Security.Cryptography;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Identity;

/// <summary>
/// An agent's secret, shown once: <c>sp_</c>, a lookup id of 10 characters, <c>_</c>, and 256 random bits in 52 characters, all in
/// Crockford's base 32, lower case, so that it can stand in a proxy URL as it is. Only its SHA-256 is ever stored.
/// </summary>
internal sealed class AgentToken
{
    public const string Prefix = "sp_";
    public const int IdLength = 10;

    /// <summary>The longest text that is looked at, in characters; whatever is longer is no token.</summary>
    public const int MaxLength = 256;

    private const int SecretLength = 52;
    private const int SecretBytes = 32;
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private readonly string _text;

    private AgentToken(string text) => _text = text;

    /// <summary>The public part: names the token in lists, logs and receipts.</summary>
    public string Id => _text.Substring(Prefix.Length, IdLength);

    public static AgentToken Create(IRandomSource random) => new(Prefix + Digits(random, IdLength) + "_" + Secret(random));

    /// <summary>52 characters that hold 256 random bits.</summary>
    public static string Secret(IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[SecretBytes];
        random.Fill(bytes);
        var text = string.Create(SecretLength, bytes, static (characters, source) =>
        {
            for (var i = 0; i < characters.Length; i++)
            {
                characters[i] = Alphabet[FiveBits(source, i * 5)];
            }
        });
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }

    /// <summary>The lookup id inside a text that may be a token; empty when it has not the form of one.</summary>
    public static string IdOf(string text) =>
        text.Length == Prefix.Length + IdLength + 1 + SecretLength && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length + IdLength] == '_'
            ? text.Substring(Prefix.Length, IdLength)
            : "";

    /// <summary>SHA-256 of the token's text: what is stored, and what <c>tokenHashes</c> in a policy states.</summary>
    public static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>The secret itself, for the one line that shows it.</summary>
    public string Reveal() => _text;

    public override string ToString() => $"agent token {Id} (secret)";

    private static string Digits(IRandomSource random, int count)
    {
        Span<byte> bytes = stackalloc byte[count];
        random.Fill(bytes);
        Span<char> digits = stackalloc char[count];
        for (var i = 0; i < count; i++)
        {
            digits[i] = Alphabet[bytes[i] & 31];
        }

        return new string(digits);
    }

    // Bits past the end read as zero: 52 characters have room for 260.
    private static int FiveBits(ReadOnlySpan<byte> source, int bit)
    {
        var at = bit / 8;
        var pair = (source[at] << 8) | (at + 1 < source.Length ? source[at + 1] : 0);
        return (pair >> (11 - (bit % 8))) & 31;
    }
}
