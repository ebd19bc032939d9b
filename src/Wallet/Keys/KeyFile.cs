using System.Buffers.Binary;
using System.Security.Cryptography;
using SmartProxy.Protocol;

namespace SmartProxy.Wallet.Keys;

/// <summary>
/// Web3 secret storage, version 3: what geth, Foundry and ethers write. From the password come 32 bytes; the first 16 encrypt with
/// AES-128-CTR, the last 16 go before the cipher text into a Keccak-256 MAC.
/// </summary>
public static class KeyFile
{
    /// <summary>The scrypt cost N of files that we write: 2^17, with r 8 and p 1, asks for 128 MiB.</summary>
    public const int DefaultCost = 1 << 17;

    private const int AesKeyLength = 16;
    private const int SaltLength = 32;

    /// <summary>Opens a key file, or says in one line why not. The derivation may take a second and up to half a gibibyte.</summary>
    public static KeyFileOutcome Open(ReadOnlyMemory<byte> json, SecretText password)
    {
        if (KeyFileDocument.TryRead(json, out var document) is { } refused)
        {
            return refused;
        }

        Span<byte> derived = stackalloc byte[KeyDerivation.KeyLength];
        Span<byte> plain = stackalloc byte[SecretKey.Length];
        try
        {
            document!.Derivation.Derive(password.Utf8, derived);
            if (!CryptographicOperations.FixedTimeEquals(Mac(derived, document.CipherText), document.Mac))
            {
                return new KeyFileOutcome.Refused(KeyFileProblem.WrongPassword, "the password doesn't open this key file, or the file is damaged");
            }

            Crypt(derived, document.Iv, document.CipherText, plain);
            return Check(plain, document.Address);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>The content of a key file.</summary>
    /// <param name="key">The key to keep.</param>
    /// <param name="password">Opens the file later; may be empty only where the caller allows it.</param>
    /// <param name="random">Chance for salt, counter and id.</param>
    /// <param name="cost">The scrypt N: a power of two; tests use a small one.</param>
    /// <exception cref="ArgumentException">The cost isn't a power of two within bounds.</exception>
    public static byte[] Encrypt(SecretKey key, SecretText password, IRandomSource random, int cost = DefaultCost)
    {
        var salt = new byte[SaltLength];
        var iv = new byte[KeyFileDocument.IvLength];
        Span<byte> id = stackalloc byte[16];
        random.Fill(salt);
        random.Fill(iv);
        random.Fill(id);

        var derivation = new KeyDerivation.Scrypt(salt, cost, R: 8, P: 1);
        if (derivation.Objection() is { } objection)
        {
            throw new ArgumentException(objection, nameof(cost));
        }

        Span<byte> derived = stackalloc byte[KeyDerivation.KeyLength];
        derivation.Derive(password.Utf8, derived);
        var cipherText = new byte[SecretKey.Length];
        Crypt(derived, iv, key.Bytes, cipherText);
        var document = new KeyFileDocument(key.Address, derivation, iv, cipherText, Mac(derived, cipherText));
        CryptographicOperations.ZeroMemory(derived);
        return document.ToJson(ToUuid(id));
    }

    private static KeyFileOutcome Check(ReadOnlySpan<byte> plain, EvmAddress? stated)
    {
        if (!SecretKey.TryCreate(plain, out var key))
        {
            return new KeyFileOutcome.Refused(KeyFileProblem.InvalidKey, "the file holds a number that isn't a private key");
        }

        if (stated is { } address && address != key!.Address)
        {
            var message = $"the file names the address `{address}`, but its key has `{key.Address}`";
            key.Dispose();
            return new KeyFileOutcome.Refused(KeyFileProblem.AddressMismatch, message);
        }

        return new KeyFileOutcome.Opened(key!);
    }

    private static byte[] Mac(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> cipherText)
    {
        Span<byte> input = stackalloc byte[KeyDerivation.KeyLength - AesKeyLength + SecretKey.Length];
        derived[AesKeyLength..].CopyTo(input);
        cipherText.CopyTo(input[AesKeyLength..]);
        var mac = Bytes32.Keccak256(input).ToArray();
        CryptographicOperations.ZeroMemory(input);
        return mac;
    }

    // Counter mode (NIST SP 800-38A 6.5) over exactly two blocks; the counter is the whole block, big-endian, and wraps.
    private static void Crypt(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<byte> stream = stackalloc byte[SecretKey.Length];
        var counter = BinaryPrimitives.ReadUInt128BigEndian(iv);
        BinaryPrimitives.WriteUInt128BigEndian(stream, counter);
        BinaryPrimitives.WriteUInt128BigEndian(stream[KeyFileDocument.IvLength..], unchecked(counter + 1));

        using var aes = Aes.Create();
        aes.SetKey(derived[..AesKeyLength]);
        aes.EncryptEcb(stream, stream, PaddingMode.None);
        for (var i = 0; i < stream.Length; i++)
        {
            output[i] = (byte)(input[i] ^ stream[i]);
        }

        CryptographicOperations.ZeroMemory(stream);
    }

    // A random UUID (RFC 9562 5.4).
    private static string ToUuid(Span<byte> random)
    {
        random[6] = (byte)((random[6] & 0x0F) | 0x40);
        random[8] = (byte)((random[8] & 0x3F) | 0x80);
        return new Guid(random, bigEndian: true).ToString("D");
    }
}
