using System.Diagnostics;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;

namespace SmartProxy.Wallet.Keys;

/// <summary>How a password becomes the 32 bytes that open a key file. Parameters come from the file, so they are bounded before they are used.</summary>
internal abstract record KeyDerivation(byte[] Salt)
{
    public const int KeyLength = 32;

    /// <summary>The most memory that scrypt may ask for, in bytes: 128·N·r. What geth writes asks for half of it.</summary>
    public const long MaxMemory = 512L << 20;

    /// <summary>The most work that scrypt may ask for: N·r·p. What geth writes asks for half of it.</summary>
    public const long MaxWork = 1L << 22;

    public const long MaxRounds = 10_000_000;

    /// <summary>RFC 7914. N is a power of two above 1; with r = 1 it is below 2^16 (section 6).</summary>
    public sealed record Scrypt(byte[] Salt, long N, long R, long P) : KeyDerivation(Salt);

    /// <summary>RFC 8018 5.2 with HMAC-SHA-256.</summary>
    public sealed record Pbkdf2(byte[] Salt, long Rounds) : KeyDerivation(Salt);

    /// <summary>Why these parameters are refused, or null.</summary>
    public string? Objection() => this switch
    {
        Scrypt { N: < 2 } or Scrypt { R: < 1 } or Scrypt { P: < 1 } => "expected scrypt `n` of at least 2, `r` and `p` of at least 1",
        Scrypt { N: > MaxWork } or Scrypt { R: > MaxWork } or Scrypt { P: > MaxWork } => TooMuch,
        Scrypt scrypt when scrypt.N * scrypt.R > MaxMemory / 128 || scrypt.N * scrypt.R > MaxWork / scrypt.P => TooMuch,
        Scrypt scrypt when !long.IsPow2(scrypt.N) => $"expected scrypt `n` to be a power of two, found `{scrypt.N}`",
        Scrypt { R: 1, N: >= 65536 } scrypt => $"expected scrypt `n` below 65536 when `r` is 1 (RFC 7914), found `{scrypt.N}`",
        Pbkdf2 pbkdf2 when pbkdf2.Rounds is < 1 or > MaxRounds => $"expected pbkdf2 `c` from 1 to {MaxRounds}, found `{pbkdf2.Rounds}`",
        _ => null,
    };

    /// <summary>Fills <paramref name="key"/>, 32 bytes.</summary>
    public void Derive(ReadOnlySpan<byte> password, Span<byte> key)
    {
        switch (this)
        {
            case Scrypt scrypt:
                var copy = password.ToArray();
                var derived = SCrypt.Generate(copy, Salt, checked((int)scrypt.N), checked((int)scrypt.R), checked((int)scrypt.P), KeyLength);
                derived.CopyTo(key);
                CryptographicOperations.ZeroMemory(copy);
                CryptographicOperations.ZeroMemory(derived);
                break;
            case Pbkdf2 pbkdf2:
                Rfc2898DeriveBytes.Pbkdf2(password, Salt, key, checked((int)pbkdf2.Rounds), HashAlgorithmName.SHA256);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static string TooMuch => $"expected scrypt parameters within 128·n·r ≤ {MaxMemory} bytes and n·r·p ≤ {MaxWork}: make the key file again with smaller ones";
}
