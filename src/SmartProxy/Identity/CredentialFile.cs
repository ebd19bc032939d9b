using System.Globalization;
using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Identity;

/// <summary>
/// <c>credentials.json</c>: every agent's token hashes. Written by one process at a time and replaced whole; a running proxy notices within
/// a second.
/// </summary>
internal sealed class CredentialFile(string path)
{
    /// <summary>The most tokens of one installation.</summary>
    public const int MaxTokens = 10_000;

    private const int Version = 1;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    public string Path { get; } = path;

    /// <exception cref="OperatorException">Missing, open to others, or not as written by this program.</exception>
    public IReadOnlyList<StoredToken> Read() => Parse(ReadBytes());

    public byte[] ReadBytes() => PrivateFile.Read(Path, "run `smartproxy init`, or restore it from a backup: all agents' tokens are in it");

    public IReadOnlyList<StoredToken> Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return ReadTokens(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException) // the latter for half a surrogate pair
        {
            throw Damaged(fault.Message);
        }
    }

    /// <summary>Makes the file, empty; fails when there is one.</summary>
    public void Create() => PrivateFile.WriteNew(Path, Write([]));

    /// <summary>Reads, changes and replaces the file while no other process can; waits a few seconds for one that does.</summary>
    /// <exception cref="OperatorException">Another process keeps it locked, or there would be too many tokens.</exception>
    public void Change(Func<IReadOnlyList<StoredToken>, IReadOnlyList<StoredToken>> change, TimeProvider time)
    {
        using var mutex = TakeLock(time);
        var changed = change(Read());
        if (changed.Count > MaxTokens)
        {
            throw new OperatorException($"expected at most {MaxTokens} tokens in `{Path}`; revoke those that are not used any more", OperatorException.Failed);
        }

        PrivateFile.Write(Path, Write(changed));
    }

    // The lock file stays: removing it would let two processes lock two files by the same name.
    private FileStream TakeLock(TimeProvider time)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return PrivateFile.OpenLock(Path + ".lock");
            }
            catch (IOException) when (time.GetElapsedTime(began) < LockPatience)
            {
                Task.Delay(LockPause, time).Wait();
            }
            catch (IOException fault)
            {
                throw new OperatorException($"another command keeps `{Path}` locked; try again when it has ended", OperatorException.Failed, fault);
            }
        }
    }

    private List<StoredToken> ReadTokens(JsonElement root)
    {
        var version = 0;
        var tokens = new List<StoredToken>();
        foreach (var member in ObjectOf(root))
        {
            switch (member.Name)
            {
                case "version" when member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out version):
                    break;
                case "tokens" when member.Value.ValueKind == JsonValueKind.Array && member.Value.GetArrayLength() <= MaxTokens:
                    tokens.AddRange(member.Value.EnumerateArray().Select(ReadToken));
                    break;
                default:
                    throw Damaged($"unexpected member `{Printable.Line(member.Name, 40)}`");
            }
        }

        if (version != Version)
        {
            throw Damaged($"expected version {Version}");
        }

        return tokens.Select(token => token.Id).Distinct(StringComparer.Ordinal).Count() == tokens.Count ? tokens : throw Damaged("a token id occurs twice");
    }

    private StoredToken ReadToken(JsonElement element)
    {
        string? id = null, note = null;
        AgentId? agent = null;
        Bytes32? hash = null;
        DateTimeOffset? created = null, expires = null;
        foreach (var member in ObjectOf(element))
        {
            var text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            switch (member.Name)
            {
                case "id" when text is { Length: AgentToken.IdLength }:
                    id = text;
                    break;
                case "agent" when AgentId.TryParse(text, out var parsed):
                    agent = parsed;
                    break;
                case "sha256" when Bytes32.TryParse("0x" + text, out var parsed):
                    hash = parsed;
                    break;
                case "created" when TryReadTime(text, out var time):
                    created = time;
                    break;
                case "expires" when TryReadTime(text, out var time):
                    expires = time;
                    break;
                case "note" when text is { Length: <= 64 }:
                    note = text;
                    break;
                default:
                    throw Damaged($"a token's member `{Printable.Line(member.Name, 40)}` is unknown or has an unexpected value");
            }
        }

        return id is not null && agent is { } owner && hash is { } digest && created is { } at
            ? new StoredToken(id, owner, digest, at, expires, note)
            : throw Damaged("a token lacks its id, agent, sha256 or created");
    }

    private JsonElement.ObjectEnumerator ObjectOf(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object ? element.EnumerateObject() : throw Damaged("expected an object");

    private OperatorException Damaged(string what) =>
        new($"`{Path}` is not as smartproxy writes it ({what}); restore it from a backup, or move it away and make new tokens after `init`");

    private static bool TryReadTime(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out time);

    private static byte[] Write(IReadOnlyList<StoredToken> tokens)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteStartArray("tokens");
            foreach (var token in tokens)
            {
                WriteToken(json, token);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteToken(Utf8JsonWriter json, StoredToken token)
    {
        json.WriteStartObject();
        json.WriteString("id", token.Id);
        json.WriteString("agent", token.Agent.Value);
        json.WriteString("sha256", token.Hash.ToHex());
        json.WriteString("created", Time(token.Created));
        if (token.Expires is { } expires)
        {
            json.WriteString("expires", Time(expires));
        }

        if (token.Note is { } note)
        {
            json.WriteString("note", note);
        }

        json.WriteEndObject();
    }

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
}
