using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using SmartProxy.Receipts;

namespace SmartProxy.Accounting.Evidence;

/// <summary>
/// A zip file whose last entry is a signed list of all others with their SHA-256. Entries have one fixed time and come in the order of their names,
/// so that equal content makes equal bytes.
/// </summary>
internal sealed class EvidencePack(Stream output) : IDisposable
{
    public const string ManifestName = "manifest.jws";
    public const string ManifestType = "smart-proxy-manifest+jws";
    public const int Version = 1;

    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // the first that a zip file can say

    private readonly ZipArchive _zip = new(output, ZipArchiveMode.Create, leaveOpen: true);
    private readonly List<(string Name, long Size, byte[] Hash)> _files = [];

    public void Add(string name, ReadOnlySpan<byte> content)
    {
        using var entry = Open(name);
        entry.Write(content);
        _files.Add((name, content.Length, SHA256.HashData(content)));
    }

    /// <summary>A file that is too large for memory, written piece by piece.</summary>
    public void Add(string name, Action<Action<ReadOnlySpan<byte>>> write)
    {
        using var entry = Open(name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var size = 0L;
        write(piece =>
        {
            entry.Write(piece);
            hash.AppendData(piece);
            size += piece.Length;
        });
        _files.Add((name, size, hash.GetHashAndReset()));
    }

    /// <summary>Writes and signs the list of what was added. Nothing can follow.</summary>
    /// <param name="signer">The receipt key.</param>
    /// <param name="about">Writes the members that say what this is about.</param>
    /// <param name="issuedAt">When.</param>
    public void Seal(JwsSigner signer, Action<Utf8JsonWriter> about, DateTimeOffset issuedAt)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("v", Version);
            about(json);
            json.WriteStartArray("files");
            foreach (var (name, size, hash) in _files)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteNumber("size", size);
                json.WriteString("sha256", Convert.ToHexStringLower(hash));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("issuedAt", issuedAt.UtcDateTime.ToString(Receipt.TimeFormat, CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        using var entry = Open(ManifestName);
        entry.Write(System.Text.Encoding.ASCII.GetBytes(signer.Sign(buffer.WrittenSpan, ManifestType)));
    }

    public void Dispose() => _zip.Dispose();

    private Stream Open(string name)
    {
        var entry = _zip.CreateEntry(name, CompressionLevel.Optimal);
        entry.LastWriteTime = EntryTime;
        return entry.Open();
    }
}
