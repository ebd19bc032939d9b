using System.Security.Cryptography;
using System.Text;

namespace SmartProxy.Wallet.Keys;

/// <summary>A password as its UTF-8 bytes, wiped on dispose. Nothing is normalised: the bytes go into the key derivation as they are.</summary>
public sealed class SecretText : IDisposable
{
    /// <summary>The longest password, in bytes.</summary>
    public const int MaxLength = 4096;

    private readonly byte[] _utf8;

    private SecretText(byte[] utf8) => _utf8 = utf8;

    /// <summary>For what was typed at a prompt.</summary>
    /// <exception cref="ArgumentException">Longer than <see cref="MaxLength"/> bytes.</exception>
    public static SecretText From(ReadOnlySpan<char> text)
    {
        var utf8 = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(text), pinned: true);
        Encoding.UTF8.GetBytes(text, utf8);
        return From(utf8);
    }

    /// <summary>Reads a password file or descriptor to its end; one line end at the end, which editors add, isn't part of the password.</summary>
    /// <exception cref="ArgumentException">Longer than <see cref="MaxLength"/> bytes.</exception>
    public static SecretText Read(Stream stream)
    {
        Span<byte> buffer = stackalloc byte[MaxLength + 3];
        try
        {
            ReadOnlySpan<byte> read = buffer[..stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
            var text = read.EndsWith("\r\n"u8) ? read[..^2] : read.EndsWith("\n"u8) ? read[..^1] : read;
            var utf8 = GC.AllocateArray<byte>(text.Length, pinned: true);
            text.CopyTo(utf8);
            return From(utf8);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_utf8);

    /// <summary>Says that it hides the password.</summary>
    public override string ToString() => "SecretText (hidden)";

    internal ReadOnlySpan<byte> Utf8 => _utf8;

    private static SecretText From(byte[] utf8)
    {
        if (utf8.Length <= MaxLength)
        {
            return new SecretText(utf8);
        }

        CryptographicOperations.ZeroMemory(utf8);
        throw new ArgumentException($"expected a password of at most {MaxLength} bytes");
    }
}
