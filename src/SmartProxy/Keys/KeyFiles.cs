using System.Security.Cryptography;
using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Wallet.Keys;

namespace SmartProxy.Keys;

/// <summary>Key files on disk. Problems are told in one line with the file's name and never with what is in it.</summary>
/// <param name="random">Chance for keys, salts and counters.</param>
/// <param name="cost">The scrypt N of files that are written; tests use a small one.</param>
internal sealed class KeyFiles(IRandomSource random, int cost = KeyFile.DefaultCost) : IKeyFiles
{
    private const int MaxLength = 64 * 1024;

    public EvmAddress Create(string keyFile, string passwordFile)
    {
        using var key = SecretKey.Create(random);
        return Write(key, keyFile, passwordFile);
    }

    public EvmAddress Import(string source, string? sourcePasswordFile, string keyFile, string passwordFile)
    {
        using var key = sourcePasswordFile is null ? ReadRaw(source) : Open(source, sourcePasswordFile);
        return Write(key, keyFile, passwordFile);
    }

    public EvmAddress? AddressOf(string keyFile)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(keyFile));
            var text = document.RootElement.TryGetProperty("address", out var member) ? member.GetString() : null;
            return EvmAddress.TryParseIgnoringChecksum(text?.StartsWith("0x", StringComparison.Ordinal) == true ? text : "0x" + text, out var address) ? address : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    /// <summary>The key of a file, for the signer. The caller disposes it.</summary>
    /// <exception cref="OperatorException">A file is missing or open to others, or the password does not open it.</exception>
    public static SecretKey Open(string keyFile, string passwordFile)
    {
        var json = PrivateFile.Read(keyFile, "restore it from a backup, or name another one in the setting SmartProxy:Wallets");
        using var password = ReadPassword(passwordFile);
        return KeyFile.Open(json, password) switch
        {
            KeyFileOutcome.Opened opened => opened.Key,
            KeyFileOutcome.Refused refused => throw new OperatorException($"can't open the wallet `{keyFile}`: {refused.Message}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private EvmAddress Write(SecretKey key, string keyFile, string passwordFile)
    {
        using var password = ReadPassword(passwordFile);
        PrivateFile.WriteNew(keyFile, KeyFile.Encrypt(key, password, random, cost));
        return key.Address;
    }

    private static SecretText ReadPassword(string path)
    {
        var bytes = PrivateFile.Read(path, "restore it from a backup, or name another one in the setting SmartProxy:Wallets");
        try
        {
            using var stream = new MemoryStream(bytes);
            return SecretText.Read(stream);
        }
        catch (ArgumentException fault)
        {
            throw new OperatorException($"`{path}` holds no password: {fault.Message}", inner: fault);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static SecretKey ReadRaw(string path)
    {
        var bytes = PrivateFile.Read(path, "name the file that holds the key");
        var digits = new char[bytes.Length];
        try
        {
            System.Text.Encoding.Latin1.GetChars(bytes, digits);
            return bytes.Length <= MaxLength && SecretKey.TryParse(digits.AsSpan().Trim(), out var key)
                ? key!
                : throw new OperatorException($"expected a private key of 64 hex digits in `{path}`; for a key file say `--password-file`");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(digits);
        }
    }
}
