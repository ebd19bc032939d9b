using System.Buffers;
using System.Globalization;
using System.Text;

namespace SmartProxy.Policy;

/// <summary>
/// A folder of policy files as one text, for the journal and for the policy's hash. The first line is <c>#smart-proxy policy folder 1</c>, which no
/// policy file can begin with; then for each file, in the order of names, a line <c>#file LENGTH NAME</c>, as many bytes as it says, and a line feed.
/// Lengths are in bytes, so that nothing in a file can pass for the beginning of the next one.
/// </summary>
public static class FolderArchive
{
    private static readonly byte[] FirstLine = "#smart-proxy policy folder 1\n"u8.ToArray();
    private static readonly byte[] FileWord = "#file "u8.ToArray();

    /// <summary>Whether a file may be called that: a name with a line feed could not be told from the text around it.</summary>
    public static bool IsName(string name) => name.Length > 0 && !name.Any(char.IsControl) && !name.Contains('/', StringComparison.Ordinal) && name is not ("." or "..");

    internal static bool IsFolder(ReadOnlySpan<byte> archived) => archived.StartsWith(FirstLine);

    internal static ReadOnlyMemory<byte> Join(IReadOnlyList<PolicyPart> parts)
    {
        var joined = new ArrayBufferWriter<byte>();
        joined.Write(FirstLine);
        foreach (var part in parts)
        {
            joined.Write(FileWord);
            joined.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{part.Bytes.Length} {part.Name}\n")));
            joined.Write(part.Bytes.Span);
            joined.Write("\n"u8);
        }

        return joined.WrittenMemory;
    }

    /// <exception cref="FormatException">It was cut or changed.</exception>
    internal static List<PolicyPart> Split(ReadOnlyMemory<byte> archived)
    {
        var parts = new List<PolicyPart>();
        for (var rest = archived[FirstLine.Length..]; !rest.IsEmpty;)
        {
            var (length, name, start) = ReadHeading(rest.Span);
            if (length > rest.Length - start - 1 || rest.Span[start + length] != (byte)'\n')
            {
                throw Broken();
            }

            parts.Add(new PolicyPart(name, rest.Slice(start, length)));
            rest = rest[(start + length + 1)..];
        }

        return parts;
    }

    private static (int Length, string Name, int End) ReadHeading(ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)'\n');
        if (end < 0 || !rest.StartsWith(FileWord))
        {
            throw Broken();
        }

        var heading = Encoding.UTF8.GetString(rest[FileWord.Length..end]);
        var space = heading.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && int.TryParse(heading.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var length) && IsName(heading[(space + 1)..])
            ? (length, heading[(space + 1)..], end + 1)
            : throw Broken();
    }

    private static FormatException Broken() => new("expected the archived text of a policy folder, found one that was cut or changed");
}
