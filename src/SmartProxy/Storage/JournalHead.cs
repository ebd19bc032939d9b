using System.Globalization;
using System.Text;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>
/// What was acknowledged as durable: beyond it a bad line is a torn write, within it damage. Its file holds it twice, written one after the
/// other in place, so that one of the two is whole whenever the writing stopped.
/// </summary>
/// <param name="Sequence">Number of the last durable line; 0 before the first.</param>
/// <param name="Hash">Its SHA-256; zeros before the first.</param>
/// <param name="Length">Bytes of the journal, all segments together, up to and with its line feed.</param>
internal sealed record JournalHead(long Sequence, Bytes32 Hash, long Length)
{
    /// <summary>Bytes of one copy.</summary>
    public const int Size = 256;

    public static readonly JournalHead Empty = new(0, default, 0);

    public byte[] ToBytes() => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"v":1,"seq":{{Sequence}},"hash":"{{Hash.ToHex()}}","length":{{Length}}}""").PadRight(Size - 1) + "\n");

    /// <summary>The whole file as it is when nothing was interrupted.</summary>
    public byte[] ToFile() => [.. ToBytes(), .. ToBytes()];

    /// <summary>Writes both copies, one after the other.</summary>
    public void Write(IDiskFile file)
    {
        var bytes = ToBytes();
        file.WriteAll(bytes, 0);
        file.WriteAll(bytes, Size);
    }

    /// <summary>Reads the newer of the copies that are whole; false when none is.</summary>
    public static bool TryReadFile(ReadOnlySpan<byte> file, out JournalHead head)
    {
        var first = TryRead(file[..Math.Min(Size, file.Length)], out head);
        if (TryRead(file[Math.Min(Size, file.Length)..], out var second) && (!first || second.Sequence > head.Sequence))
        {
            head = second;
            return true;
        }

        return first;
    }

    /// <summary>Reads exactly what <see cref="ToBytes"/> writes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out JournalHead head)
    {
        head = Empty;
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetString(bytes), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = document.RootElement;
            if (!Bytes32.TryParse("0x" + root.GetProperty("hash").GetString(), out var hash))
            {
                return false;
            }

            head = new JournalHead(root.GetProperty("seq").GetInt64(), hash, root.GetProperty("length").GetInt64());
            return bytes.SequenceEqual(head.ToBytes());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }
}
