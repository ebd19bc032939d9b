using System.Text.Json;

namespace SmartProxy.Installation;

/// <summary>
/// <c>run.json</c>, mode 0600: where the running process listens, for commands. Written when both listeners are up, removed at a clean exit;
/// a stale one is noticed because nobody answers.
/// </summary>
/// <param name="ProcessId">The process.</param>
/// <param name="Proxy">URL of the proxy listener: <c>http://127.0.0.1:8402</c>.</param>
/// <param name="Admin">URL of the admin listener.</param>
/// <param name="Policy">The policy file or folder in use, full path.</param>
/// <param name="AdminToken">The secret for the admin API.</param>
internal sealed class RunFile(int processId, string proxy, string admin, string policy, string adminToken)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    public int ProcessId { get; } = processId;

    public string Proxy { get; } = proxy;

    public string Admin { get; } = admin;

    public string Policy { get; } = policy;

    /// <summary>A secret: only for the <c>Authorization</c> header of the CLI's own calls.</summary>
    public string AdminToken { get; } = adminToken;

    /// <summary>The running process as it described itself, or null when there is no such file.</summary>
    /// <exception cref="OperatorException">The file is open to others or not as this program writes it.</exception>
    public static RunFile? TryLoad(DataFolder folder)
    {
        if (!File.Exists(folder.Run))
        {
            return null;
        }

        var bytes = PrivateFile.Read(folder.Run, "start smartproxy");
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            var root = document.RootElement;
            return new RunFile(
                root.GetProperty("pid").GetInt32(),
                root.GetProperty("proxy").GetString()!,
                root.GetProperty("admin").GetString()!,
                root.GetProperty("policy").GetString()!,
                root.GetProperty("adminToken").GetString()!);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new OperatorException($"`{folder.Run}` is not as smartproxy writes it; stop smartproxy, remove the file and start again", inner: fault);
        }
    }

    public void Write(DataFolder folder)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("pid", ProcessId);
            json.WriteString("proxy", Proxy);
            json.WriteString("admin", Admin);
            json.WriteString("policy", Policy);
            json.WriteString("adminToken", AdminToken);
            json.WriteEndObject();
        }

        PrivateFile.Write(folder.Run, buffer.ToArray());
    }

    public static void Remove(DataFolder folder) => File.Delete(folder.Run);

    public override string ToString() => $"process {ProcessId}, proxy {Proxy}, admin {Admin} (token hidden)";
}
