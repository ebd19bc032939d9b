using System.Globalization;
using System.Text.Json;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.Text;

namespace SmartProxy.Installation;

/// <summary>Whether money is real. Fixed for a data folder by <c>init</c>: test and main networks never share books.</summary>
internal enum InstallationMode
{
    Test,
    Live,
}

/// <summary>
/// <c>installation.json</c>: what <c>init</c> made, and for which kind of network. A file that was made and is missing now stops the start: a
/// new key, CA or ledger in its place would look like the old one and not be it.
/// </summary>
/// <param name="Mode">Test or live.</param>
/// <param name="Network">The network that <c>init</c> was given.</param>
/// <param name="Created">When.</param>
/// <param name="Policy">The policy file that <c>init</c> wrote, full path; it may have moved since.</param>
/// <param name="Made">Files, relative to the data folder, with <c>/</c>.</param>
internal sealed record InstallationFile(InstallationMode Mode, ChainId Network, DateTimeOffset Created, string Policy, IReadOnlyList<string> Made)
{
    private const int Version = 1;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>Reads it and checks that everything it lists is still there.</summary>
    /// <exception cref="OperatorException">No installation, a damaged one, or one that lacks a file.</exception>
    public static InstallationFile Load(DataFolder folder)
    {
        var bytes = PrivateFile.Read(folder.Installation, $"run `smartproxy init --data {folder}` first, or restore the folder from a backup");
        var installation = Parse(folder, bytes);
        foreach (var file in installation.Made.Where(file => !IsMadeAgain(file)))
        {
            if (!File.Exists(folder.In(file.Split('/'))))
            {
                throw new OperatorException(
                    $"`{folder.In(file)}` is missing, which `init` made; it is never made again silently: restore it from a backup, or start over in a new folder with `smartproxy init`");
            }
        }

        return installation;
    }

    /// <summary>Records every file that lies in the folder now, but for what is made again where it is missing.</summary>
    public static InstallationFile Record(DataFolder folder, InstallationMode mode, ChainId network, string policy, DateTimeOffset now)
    {
        var made = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Select(file => System.IO.Path.GetRelativePath(folder.Path, file).Replace('\\', '/'))
            .Where(file => !IsMadeAgain(file))
            .Order(StringComparer.Ordinal);
        var installation = new InstallationFile(mode, network, now, System.IO.Path.GetFullPath(policy), [.. made]);
        PrivateFile.WriteNew(folder.Installation, installation.ToJson());
        return installation;
    }

    // A lock says nothing once its process is gone; digest, reserve and index are derived. A copy or a backup may do without them.
    private static bool IsMadeAgain(string file) =>
        file is "lock" or "lock.owner" or $"{JournalFiles.Folder}/{DigestFile.FileName}" or $"{JournalFiles.Folder}/{DiskReserve.FileName}"
        || file.EndsWith(".lock", StringComparison.Ordinal)
        || file.StartsWith("index", StringComparison.Ordinal);

    private byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("mode", Mode == InstallationMode.Test ? "test" : "live");
            json.WriteString("network", Network.ToString());
            json.WriteString("created", Created.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture));
            json.WriteString("policy", Policy);
            json.WriteStartArray("made");
            foreach (var file in Made)
            {
                json.WriteStringValue(file);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static InstallationFile Parse(DataFolder folder, byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            var root = document.RootElement;
            var mode = root.GetProperty("mode").GetString() switch
            {
                "test" => InstallationMode.Test,
                "live" => InstallationMode.Live,
                _ => throw new FormatException("expected mode `test` or `live`"),
            };
            return root.GetProperty("version").GetInt32() == Version && ChainId.TryParse(root.GetProperty("network").GetString(), out var network)
                ? new InstallationFile(
                    mode,
                    network,
                    root.GetProperty("created").GetDateTimeOffset(),
                    root.GetProperty("policy").GetString() ?? "",
                    [.. root.GetProperty("made").EnumerateArray().Select(file => file.GetString() ?? "")])
                : throw new FormatException($"expected version {Version} and a network such as `eip155:84532`");
        }
        catch (Exception fault) when (fault is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw new OperatorException($"`{folder.Installation}` is not as `init` wrote it ({Printable.Line(fault.Message)}); restore it from a backup", inner: fault);
        }
    }
}
