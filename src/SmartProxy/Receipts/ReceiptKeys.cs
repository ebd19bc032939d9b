using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SmartProxy.Installation;

namespace SmartProxy.Receipts;

/// <summary>
/// The keys that sign receipts; never a payment key. Folder <c>receipts-key</c>: <c>current.pem</c> (PKCS #8, 0600) and <c>keys.json</c>,
/// the JSON Web Key Set of every key that ever signed, with its validity.
/// </summary>
internal sealed class ReceiptKeys : IDisposable
{
    private const string PemLabel = "PRIVATE KEY";
    private const string P256 = "1.2.840.10045.3.1.7";

    private readonly ECDsa _key;

    private ReceiptKeys(ECDsa key, IReadOnlyList<ReceiptJwk> published, string kid)
    {
        _key = key;
        Signer = new JwsSigner(key, kid);
        Jwks = Encoding.ASCII.GetString(ToJwks(published));
    }

    public JwsSigner Signer { get; }

    /// <summary>The content of <c>/.well-known/jwks.json</c>: the key in use, and retired ones with <c>nbf</c> and <c>exp</c>.</summary>
    public string Jwks { get; }

    /// <summary>Makes the first key. Only <c>init</c> calls this: what it made and is missing later is never silently made again.</summary>
    /// <exception cref="ReceiptKeyException">There is a key already.</exception>
    public static void Create(string folder, DateTimeOffset now)
    {
        if (File.Exists(PemOf(folder)) || File.Exists(SetOf(folder)))
        {
            throw new ReceiptKeyException($"expected no receipt key yet, found one in `{folder}`: leave it, receipts depend on it");
        }

        PrivateFile.MakeFolder(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        PrivateFile.WriteNew(PemOf(folder), ToPem(key));
        PrivateFile.WriteNew(SetOf(folder), ToJwks([ToJwk(key, now)]));
    }

    /// <summary>
    /// Replaces the key; its public half stays published, valid until now. Each step leaves a folder that loads: publish the new key,
    /// put it in force, then end the old one. A running process signs with the old key until it loads again: stop it first.
    /// </summary>
    /// <exception cref="ReceiptKeyException">The folder doesn't load.</exception>
    public static void Rotate(string folder, DateTimeOffset now)
    {
        using var old = Load(folder);
        var published = ReadSet(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var added = ToJwk(key, now);

        PrivateFile.Write(SetOf(folder), ToJwks([added, .. published]));
        PrivateFile.Write(PemOf(folder), ToPem(key));
        PrivateFile.Write(SetOf(folder), ToJwks([added, .. published.Select(k => k with { Expires = k.Expires ?? now.ToUnixTimeSeconds() })]));
    }

    /// <exception cref="ReceiptKeyException">A file is missing, broken or open to others; one line that says what to do.</exception>
    public static ReceiptKeys Load(string folder)
    {
        if (!File.Exists(PemOf(folder)))
        {
            throw new ReceiptKeyException($"expected the receipt key `{PemOf(folder)}` that `init` made: restore it from a backup");
        }

        if (PrivateFile.Objection(PemOf(folder)) is { } objection)
        {
            throw new ReceiptKeyException(objection);
        }

        var published = ReadSet(folder);
        var key = ReadPem(PemOf(folder));
        var kid = ToJwk(key, DateTimeOffset.UnixEpoch).Kid;
        if (published.All(jwk => jwk.Kid != kid))
        {
            key.Dispose();
            throw new ReceiptKeyException($"expected `{SetOf(folder)}` to publish the key `{kid}` of `{PemOf(folder)}`: restore both from one backup");
        }

        return new ReceiptKeys(key, published, kid);
    }

    public void Dispose() => _key.Dispose();

    public override string ToString() => $"ReceiptKeys {Signer.Kid} (key hidden)";

    private static string PemOf(string folder) => Path.Combine(folder, "current.pem");

    private static string SetOf(string folder) => Path.Combine(folder, "keys.json");

    private static ReceiptJwk ToJwk(ECDsa key, DateTimeOffset notBefore) =>
        new(key.ExportParameters(includePrivateParameters: false).Q, notBefore.ToUnixTimeSeconds(), Expires: null);

    private static byte[] ToPem(ECDsa key)
    {
        var pkcs8 = key.ExportPkcs8PrivateKey();
        var text = PemEncoding.Write(PemLabel, pkcs8);
        var pem = Encoding.ASCII.GetBytes([.. text, '\n']);
        CryptographicOperations.ZeroMemory(pkcs8);
        Array.Clear(text);
        return pem;
    }

    private static ECDsa ReadPem(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var text = Encoding.ASCII.GetChars(bytes);
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(text);
            if (key.ExportParameters(includePrivateParameters: true) is { Curve.Oid.Value: P256, D: { } scalar })
            {
                CryptographicOperations.ZeroMemory(scalar);
                return key;
            }
        }
        catch (Exception broken) when (broken is ArgumentException or CryptographicException)
        {
            // Said below, without the library's words: they may quote the file.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(text);
        }

        key.Dispose();
        throw new ReceiptKeyException($"expected a P-256 private key as PKCS #8 PEM in `{path}`: restore it from a backup");
    }

    private static IReadOnlyList<ReceiptJwk> ReadSet(string folder)
    {
        try
        {
            if (JwkSet.TryRead(File.ReadAllText(SetOf(folder)), out var keys))
            {
                return keys;
            }
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            // Said below.
        }

        throw new ReceiptKeyException($"expected the set of public receipt keys `{SetOf(folder)}` that `init` made: restore it from a backup");
    }

    private static byte[] ToJwks(IEnumerable<ReceiptJwk> keys)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var key in keys)
            {
                key.Write(json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>The receipt keys can't be used; the message is one line that says what to do.</summary>
internal sealed class ReceiptKeyException(string message) : Exception(message);
