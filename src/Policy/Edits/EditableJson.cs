using System.Text;
using System.Text.Json;
using SmartProxy.Policy.Document;

namespace SmartProxy.Policy.Edits;

/// <summary>
/// One policy file as text that can be changed at a place, with everything else left as a person wrote it: comments, order, spaces. Places are
/// the paths that rules are called by (<c>policies.research.limits.day</c>).
/// </summary>
internal sealed class EditableJson
{
    private readonly byte[] _text;
    private readonly Dictionary<string, Spot> _spots = new(StringComparer.Ordinal);

    private EditableJson(byte[] text) => _text = text;

    /// <summary>The text; null when it is no JSON, which no loaded policy is.</summary>
    public static EditableJson? TryParse(ReadOnlySpan<byte> bytes)
    {
        var mark = bytes.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var json = new EditableJson(bytes.ToArray());
        try
        {
            var reader = new Utf8JsonReader(
                bytes[mark..], new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = JsonTreeReader.MaxDepth });
            reader.Read();
            json.Scan(ref reader, mark, "", nameStart: -1);
            return json;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public bool Has(string path) => _spots.ContainsKey(path);

    /// <summary>The line of a place, from 1; null when there is no such place.</summary>
    public int? LineOf(string path) =>
        _spots.TryGetValue(path, out var spot) ? 1 + _text.AsSpan(0, spot.NameStart < 0 ? spot.Start : spot.NameStart).Count((byte)'\n') : null;

    /// <summary>A value as it stands there.</summary>
    public string? ValueAt(string path) => _spots.TryGetValue(path, out var spot) ? Encoding.UTF8.GetString(_text, spot.Start, spot.End - spot.Start) : null;

    public bool IsObject(string path) => _spots.TryGetValue(path, out var spot) && _text[spot.Start] == (byte)'{';

    /// <summary>Another value at a place that is there.</summary>
    public byte[] Replace(string path, string json)
    {
        var spot = _spots[path];
        return Splice(spot.Start, spot.End, json);
    }

    /// <summary>One more item in a list; a single value becomes a list of both.</summary>
    public byte[] AddItem(string path, string json)
    {
        var spot = _spots[path];
        if (_text[spot.Start] != (byte)'[')
        {
            return Splice(spot.Start, spot.End, $"[{Encoding.UTF8.GetString(_text, spot.Start, spot.End - spot.Start)}, {json}]");
        }

        return spot.LastChild is { } last ? Splice(last.End, last.End, ", " + json) : Splice(spot.Start + 1, spot.Start + 1, json);
    }

    /// <summary>One more member in an object, on a line of its own where its neighbours have one.</summary>
    public byte[] AddMember(string path, string name, string json)
    {
        var spot = _spots[path];
        var member = $"{TextOf(name)}: {json}";
        if (spot.LastChild is not { } last)
        {
            return Splice(spot.Start + 1, spot.Start + 1, $" {member} ");
        }

        return Splice(last.End, last.End, IndentOf(last) is { } indent ? $",\n{indent}{member}" : $", {member}");
    }

    /// <summary>A list without one of its items, or an object without one of its members. A comma that is left behind at the end is fine for our reader.</summary>
    public byte[] Remove(string path)
    {
        var spot = _spots[path];
        var start = spot.NameStart < 0 ? spot.Start : spot.NameStart;
        var comma = CommaAfter(spot.End);
        return comma < 0
            ? Splice(start, spot.End, "")
            : [.. _text[..start], .. _text[spot.End..comma], .. _text[(comma + 1)..]];
    }

    /// <summary>A value as people say it.</summary>
    public static string Plain(string? json) => json?.Trim('"') ?? "nothing";

    /// <summary>Text as JSON.</summary>
    public static string TextOf(string text) => $"\"{JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private Spot Scan(ref Utf8JsonReader reader, int mark, string path, int nameStart)
    {
        var spot = new Spot(nameStart, mark + (int)reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
                {
                    var start = mark + (int)reader.TokenStartIndex;
                    var child = JsonTreeReader.Join(path, reader.GetString() ?? "");
                    reader.Read();
                    spot.LastChild = Scan(ref reader, mark, child, start);
                }

                break;
            case JsonTokenType.StartArray:
                for (var index = 0; reader.Read() && reader.TokenType is not JsonTokenType.EndArray; index++)
                {
                    spot.LastChild = Scan(ref reader, mark, $"{path}[{index}]", nameStart: -1);
                }

                break;
        }

        spot.End = mark + (int)reader.BytesConsumed;
        _spots.TryAdd(path, spot);
        return spot;
    }

    private byte[] Splice(int start, int end, string text) => [.. _text.AsSpan(0, start), .. Encoding.UTF8.GetBytes(text), .. _text.AsSpan(end)];

    // The spaces before a member that begins its line; null where something else stands before it.
    private string? IndentOf(Spot spot)
    {
        if (spot.NameStart < 0)
        {
            return null;
        }

        var line = _text.AsSpan(0, spot.NameStart);
        var before = line[(line.LastIndexOf((byte)'\n') + 1)..];
        return line.Contains((byte)'\n') && !before.ContainsAnyExcept((byte)' ', (byte)'\t') ? Encoding.ASCII.GetString(before) : null;
    }

    // Over spaces and comments, as the reader goes.
    private int CommaAfter(int position)
    {
        while (position < _text.Length)
        {
            var rest = _text.AsSpan(position);
            if (rest.StartsWith("//"u8))
            {
                position += rest.IndexOf((byte)'\n') is var line and >= 0 ? line : rest.Length;
            }
            else if (rest.StartsWith("/*"u8))
            {
                position += rest.IndexOf("*/"u8) + 2;
            }
            else if (rest[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                position++;
            }
            else
            {
                return rest[0] == (byte)',' ? position : -1;
            }
        }

        return -1;
    }

    private sealed class Spot(int nameStart, int start)
    {
        public int NameStart { get; } = nameStart;

        public int Start { get; } = start;

        public int End { get; set; }

        public Spot? LastChild { get; set; }
    }
}
