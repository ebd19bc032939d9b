using System.Buffers;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Wallet.Keys;

/// <summary>The members of a Web3 secret storage file, version 3, once they are known to be well formed.</summary>
/// <param name="Address">The address that the file states, if any.</param>
/// <param name="Derivation">From password to derived key; within bounds.</param>
/// <param name="Iv">16 bytes: the first counter block.</param>
/// <param name="CipherText">32 bytes.</param>
/// <param name="Mac">32 bytes.</param>
internal sealed record KeyFileDocument(EvmAddress? Address, KeyDerivation Derivation, byte[] Iv, byte[] CipherText, byte[] Mac)
{
    public const int MaxLength = 64 * 1024;
    public const int IvLength = 16;
    private const int MaxSalt = 256;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Reads the file, or says why not. Members that we don't know are left alone: other wallets add their own.</summary>
    public static KeyFileOutcome.Refused? TryRead(ReadOnlyMemory<byte> json, out KeyFileDocument? document)
    {
        document = null;
        if (json.Length > MaxLength)
        {
            return Malformed($"expected a key file of at most {MaxLength} bytes");
        }

        try
        {
            using var parsed = JsonDocument.Parse(json, Strict);
            return Read(parsed.RootElement, out document);
        }
        catch (JsonException)
        {
            return Malformed("expected a JSON object that says no member twice");
        }
    }

    public byte[] ToJson(string id)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("address", Address!.Value.ToString()[2..].ToLowerInvariant());
            json.WriteStartObject("crypto");
            json.WriteString("cipher", "aes-128-ctr");
            json.WriteStartObject("cipherparams");
            json.WriteString("iv", Convert.ToHexStringLower(Iv));
            json.WriteEndObject();
            json.WriteString("ciphertext", Convert.ToHexStringLower(CipherText));
            WriteDerivation(json, (KeyDerivation.Scrypt)Derivation);
            json.WriteString("mac", Convert.ToHexStringLower(Mac));
            json.WriteEndObject();
            json.WriteString("id", id);
            json.WriteNumber("version", 3);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static KeyFileOutcome.Refused? Read(JsonElement root, out KeyFileDocument? document)
    {
        document = null;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return Malformed("expected a JSON object");
        }

        if (Number(root, "version") != 3)
        {
            return new(KeyFileProblem.UnsupportedVersion, "expected `version` to be the number 3");
        }

        var (lower, capital) = (Member(root, "crypto"), Member(root, "Crypto"));
        if (lower.HasValue == capital.HasValue || (lower ?? capital) is not { ValueKind: JsonValueKind.Object } crypto)
        {
            return Malformed("expected one object `crypto`, or `Crypto` as older wallets write it");
        }

        if (Text(crypto, "cipher") != "aes-128-ctr")
        {
            return new(KeyFileProblem.UnsupportedCipher, $"expected `cipher` to be `aes-128-ctr`, found {Shown(Text(crypto, "cipher"))}");
        }

        if (ReadDerivation(crypto, out var derivation) is { } objection)
        {
            return objection;
        }

        var iv = Member(crypto, "cipherparams") is { ValueKind: JsonValueKind.Object } cipher ? Bytes(cipher, "iv", IvLength, IvLength) : null;
        var cipherText = Bytes(crypto, "ciphertext", SecretKey.Length, SecretKey.Length);
        var mac = Bytes(crypto, "mac", Bytes32.Length, Bytes32.Length);
        if (iv is null || cipherText is null || mac is null)
        {
            return Malformed("expected hex digits: `cipherparams.iv` of 16 bytes, `ciphertext` and `mac` of 32 bytes each");
        }

        if (!TryReadAddress(root, out var address))
        {
            return Malformed("expected `address` to be 40 hex digits, or no such member");
        }

        document = new KeyFileDocument(address, derivation!, iv, cipherText, mac);
        return null;
    }

    private static KeyFileOutcome.Refused? ReadDerivation(JsonElement crypto, out KeyDerivation? derivation)
    {
        derivation = null;
        var kdf = Text(crypto, "kdf");
        if (kdf is not ("scrypt" or "pbkdf2"))
        {
            return new(KeyFileProblem.UnsupportedKdf, $"expected `kdf` to be `scrypt` or `pbkdf2`, found {Shown(kdf)}");
        }

        if (Member(crypto, "kdfparams") is not { ValueKind: JsonValueKind.Object } parameters)
        {
            return Malformed("expected an object `kdfparams`");
        }

        if (kdf == "pbkdf2" && Text(parameters, "prf") != "hmac-sha256")
        {
            return new(KeyFileProblem.UnsupportedPrf, $"expected `prf` to be `hmac-sha256`, found {Shown(Text(parameters, "prf"))}");
        }

        if (Number(parameters, "dklen") != KeyDerivation.KeyLength || Bytes(parameters, "salt", 1, MaxSalt) is not { } salt)
        {
            return new(KeyFileProblem.BadParameters, $"expected `dklen` to be 32 and `salt` to be 1 to {MaxSalt} bytes in hex");
        }

        derivation = kdf == "scrypt"
            ? new KeyDerivation.Scrypt(salt, Number(parameters, "n") ?? 0, Number(parameters, "r") ?? 0, Number(parameters, "p") ?? 0)
            : new KeyDerivation.Pbkdf2(salt, Number(parameters, "c") ?? 0);
        return derivation.Objection() is { } objection ? new(KeyFileProblem.BadParameters, objection) : null;
    }

    private static void WriteDerivation(Utf8JsonWriter json, KeyDerivation.Scrypt scrypt)
    {
        json.WriteString("kdf", "scrypt");
        json.WriteStartObject("kdfparams");
        json.WriteNumber("dklen", KeyDerivation.KeyLength);
        json.WriteNumber("n", scrypt.N);
        json.WriteNumber("r", scrypt.R);
        json.WriteNumber("p", scrypt.P);
        json.WriteString("salt", Convert.ToHexStringLower(scrypt.Salt));
        json.WriteEndObject();
    }

    private static bool TryReadAddress(JsonElement root, out EvmAddress? address)
    {
        address = null;
        if (Member(root, "address") is not { } member)
        {
            return true;
        }

        var text = member.ValueKind == JsonValueKind.String ? member.GetString()! : "";
        var parsed = EvmAddress.TryParse(text.StartsWith("0x", StringComparison.Ordinal) ? text : "0x" + text, out var stated);
        address = stated;
        return parsed;
    }

    private static JsonElement? Member(JsonElement element, string name) => element.TryGetProperty(name, out var member) ? member : null;

    private static string? Text(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } member ? member.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } member && member.TryGetInt64(out var number) ? number : null;

    private static byte[]? Bytes(JsonElement element, string name, int min, int max)
    {
        if (Text(element, name) is not { } text || text.Length % 2 != 0 || text.Length < 2 * min || text.Length > 2 * max)
        {
            return null;
        }

        var bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done ? bytes : null;
    }

    private static string Shown(string? text) => text is { Length: <= 32 } ? $"`{text}`" : "something else";

    private static KeyFileOutcome.Refused Malformed(string message) => new(KeyFileProblem.Malformed, message);
}
