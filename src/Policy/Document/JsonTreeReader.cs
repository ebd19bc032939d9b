using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SmartProxy.Policy.Document;

/// <summary>
/// Reads JSON as people edit it (RFC 8259, and comments, and a comma after the last member) into a tree with places. Refused: more than
/// <see cref="MaxBytes"/>, more than <see cref="MaxDepth"/> levels, bytes that are not UTF-8, a repeated key.
/// </summary>
internal ref struct JsonTreeReader
{
    public const int MaxBytes = 4 * 1024 * 1024;
    public const int MaxDepth = 32;

    private readonly ProblemList _problems;
    private readonly List<int> _lineStarts;
    private readonly string? _file;
    private Utf8JsonReader _json;

    private JsonTreeReader(ReadOnlySpan<byte> bytes, List<int> lineStarts, string? file, ProblemList problems)
    {
        (_problems, _lineStarts, _file) = (problems, lineStarts, file);
        _json = new Utf8JsonReader(bytes, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = MaxDepth });
    }

    /// <summary>The root, or null when it cannot be read at all; then <paramref name="problems"/> says why.</summary>
    /// <param name="bytes">The text.</param>
    /// <param name="problems">Receives what is wrong.</param>
    /// <param name="file">The file, where a policy has several.</param>
    public static Node? Read(ReadOnlySpan<byte> bytes, ProblemList problems, string? file = null)
    {
        if (bytes.Length > MaxBytes)
        {
            problems.Add(new Place(0, 0, "") { File = file }, $"expected at most 4 MiB, found `{bytes.Length}` bytes: split the file or drop what is not used");
            return null;
        }

        var text = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        var lines = LineStarts(text);
        if (!Utf8.IsValid(text))
        {
            problems.Add(PlaceOf(lines, FirstInvalid(text), "", file), "expected UTF-8 text, found other bytes: save the file as UTF-8");
            return null;
        }

        if (text.Trim(" \t\r\n"u8).IsEmpty)
        {
            problems.Add(new Place(1, 1, "") { File = file }, "expected a policy, such as `{ \"networks\": [\"base-sepolia\"], \"agents\": {} }`, found an empty file");
            return null;
        }

        try
        {
            var reader = new JsonTreeReader(text, lines, file, problems);
            return reader.ReadRoot();
        }
        catch (JsonException broken)
        {
            var place = new Place((int)(broken.LineNumber ?? 0) + 1, (int)(broken.BytePositionInLine ?? 0) + 1, "") { File = file };
            problems.Add(place, $"expected JSON (comments are fine), found a mistake: {Clean(broken.Message)}");
            return null;
        }
    }

    private Node ReadRoot()
    {
        _json.Read();
        var root = ReadValue("");
        _json.Read(); // throws when something follows the root
        return root;
    }

    private Node ReadValue(string path)
    {
        var at = Here(path);
        return _json.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(at),
            JsonTokenType.StartArray => ReadList(at),
            JsonTokenType.String => new ScalarNode(at, JsonTokenType.String, Text(at)),
            var other => new ScalarNode(at, other, Encoding.UTF8.GetString(_json.ValueSpan)),
        };
    }

    private ObjectNode ReadObject(Place at)
    {
        var members = new List<Member>();
        var firstLines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (_json.Read() && _json.TokenType != JsonTokenType.EndObject)
        {
            var name = Text(Here(at.Path));
            var place = Here(Join(at.Path, name));
            _json.Read();
            var value = ReadValue(place.Path);
            if (firstLines.TryAdd(name, place.Line))
            {
                members.Add(new Member(name, place, value));
                continue;
            }

            _problems.Add(place, $"expected each key once, found `{Node.Show(name)}` again (first on line {firstLines[name]}): keep one of them");
        }

        return new ObjectNode(at, members);
    }

    private ListNode ReadList(Place at)
    {
        var items = new List<Node>();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            items.Add(ReadValue($"{at.Path}[{items.Count}]"));
        }

        return new ListNode(at, items);
    }

    private readonly string Text(Place at)
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            _problems.Add(at, "expected text, found half of a surrogate pair (`\\ud800` to `\\udfff`): write the character itself");
            return "";
        }
    }

    private readonly Place Here(string path) => PlaceOf(_lineStarts, (int)_json.TokenStartIndex, path, _file);

    private static Place PlaceOf(List<int> lineStarts, int offset, string path, string? file)
    {
        var found = lineStarts.BinarySearch(offset);
        var line = found >= 0 ? found : ~found - 1;
        return new Place(line + 1, offset - lineStarts[line] + 1, path) { File = file };
    }

    private static List<int> LineStarts(ReadOnlySpan<byte> text)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'\n')
            {
                starts.Add(i + 1);
            }
        }

        return starts;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> text)
    {
        var offset = 0;
        while (offset < text.Length && Rune.DecodeFromUtf8(text[offset..], out _, out var length) == System.Buffers.OperationStatus.Done)
        {
            offset += length;
        }

        return offset;
    }

    // A key that is not a plain word is quoted, so that `in["api.exa.ai"].day` reads as one member.
    internal static string Join(string path, string name)
    {
        var plain = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '$' or ':' or '*');
        var step = plain ? name : $"[\"{Node.Show(name)}\"]";
        return path.Length == 0 || !plain ? path + step : $"{path}.{step}";
    }

    private static string Clean(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return Node.Show(end < 0 ? message : message[..end]).TrimEnd('.');
    }
}
