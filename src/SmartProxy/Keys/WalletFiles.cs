using SmartProxy.Operator;
using SmartProxy.Protocol;
using SmartProxy.Wallet.Keys;
using PrivateFile = SmartProxy.Operator.PrivateFile;

namespace SmartProxy.Keys;

/// <summary>Key files on disk, opened with the password in a file next to them or wherever the settings say.</summary>
internal sealed class WalletFiles(IRandomSource random) : IKeyFiles
{
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
            using var document = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(keyFile));
            var text = document.RootElement.GetProperty("address").GetString();
            return EvmAddress.TryParseIgnoringChecksum(text?.StartsWith("0x", StringComparison.Ordinal) == true ? text : "0x" + text, out var address) ? address : null;
        }
        catch (Exception fault) when (fault is IOException or System.Text.Json.JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Opens a key file; takes as long as its key derivation wants.</summary>
    /// <exception cref="OperatorException">One line that names the file and says what to do.</exception>
    public static SecretKey Open(string keyFile, string passwordFile)
    {
        var json = PrivateFile.Read(keyFile, "restore the key file from a backup, or correct the setting of this wallet");
        using var password = ReadPassword(passwordFile, keyFile);
        return KeyFile.Open(json, password) switch
        {
            KeyFileOutcome.Opened opened => opened.Key,
            KeyFileOutcome.Refused refused => throw new OperatorException($"the wallet `{keyFile}` can't be opened with the password in `{passwordFile}`: {refused.Message}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private EvmAddress Write(SecretKey key, string keyFile, string passwordFile)
    {
        using var password = ReadPassword(passwordFile, keyFile);
        KeyFile.Write(keyFile, key, password, random);
        return key.Address;
    }

    private static SecretText ReadPassword(string passwordFile, string keyFile)
    {
        using var stream = new MemoryStream(PrivateFile.Read(passwordFile, $"it holds the password of the wallet `{keyFile}`: restore it from a backup"));
        return SecretText.Read(stream);
    }

    private static SecretKey ReadRaw(string source)
    {
        var text = File.Exists(source)
            ? System.Text.Encoding.ASCII.GetString(PrivateFile.Read(source, "name a file with the key"))
            : throw new OperatorException($"expected a file with a raw key in hex, and `{source}` does not exist");
        return SecretKey.TryParse(text.AsSpan().Trim(), out var key)
            ? key!
            : throw new OperatorException($"`{source}` holds no raw key: expected `0x` and 64 hex digits; for a web3 key file add `--password-file`");
    }
}
