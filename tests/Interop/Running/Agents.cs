using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace SmartProxy.Interop.Tests;

/// <summary>What an agent got.</summary>
/// <param name="Url">What it asked for.</param>
/// <param name="Status">0 when no answer came.</param>
/// <param name="Receipt">The receipt's id, if any.</param>
/// <param name="Body">The answer's text.</param>
internal sealed record Answer(string Url, int Status, string? Receipt, string Body)
{
    /// <summary>The stable word of a refusal.</summary>
    public string Reason => Json.GetProperty("reason").GetString()!;

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public override string ToString() => $"{Url} {Status.ToString(CultureInfo.InvariantCulture)} {Body}";
}

/// <summary>
/// Clients that know nothing of payments: a program, a URL, and the variables that <c>smartproxy env</c> printed. Each asks with
/// <paramref name="environment"/> alone.
/// </summary>
internal sealed class Agents(IReadOnlyDictionary<string, string> environment)
{
    public static readonly TheoryData<string> Programs = ["curl", "node", "python"];

    public IReadOnlyDictionary<string, string> Environment => environment;

    public Uri Proxy => new(environment["HTTPS_PROXY"]);

    /// <summary>The token in the proxy's URL.</summary>
    public string Token => Proxy.UserInfo.Split(':')[1];

    public Task<Answer> AskAsync(string program, string url, string? bodyFile = null) => program switch
    {
        "curl" => CurlAsync(url, bodyFile),
        "node" => NodeAsync(url, bodyFile),
        "python" => PythonAsync(url, bodyFile),
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, "expected curl, node or python"),
    };

    /// <summary>One Node process that asks for all of <paramref name="urls"/>, so many at a time; each answer is handed over as it comes.</summary>
    public async Task<IReadOnlyList<Answer>> AskManyAsync(IEnumerable<string> urls, int parallel, Action<Answer>? onAnswer = null)
    {
        using var node = Shell.Start("node", [AgentFile("agent.mjs"), parallel.ToString(CultureInfo.InvariantCulture), "GET", "-"], environment);
        await node.StandardInput.WriteAsync(string.Join('\n', urls));
        node.StandardInput.Close();
        var answers = new List<Answer>();
        while (await node.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            answers.Add(Read(line));
            onAnswer?.Invoke(answers[^1]);
        }

        await Shell.WaitAsync(node);
        return answers;
    }

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task<Answer> CurlAsync(string url, string? bodyFile)
    {
        string[] body = bodyFile is null ? [] : ["--data-binary", "@" + bodyFile, "-H", "Content-Type: application/octet-stream"];
        const string format = "\n%{http_code} %header{smart-proxy-receipt}";
        var said = (await Shell.RunAsync("curl", ["-sS", "--max-time", "60", "-w", format, .. body, url], environment)).Text;
        var (text, last) = (said[..said.LastIndexOf('\n')], said[(said.LastIndexOf('\n') + 1)..].Split(' '));
        return new Answer(url, int.Parse(last[0], CultureInfo.InvariantCulture), last[1].Length > 0 ? last[1] : null, text);
    }

    private async Task<Answer> NodeAsync(string url, string? bodyFile) =>
        Read((await Shell.RunAsync("node", [AgentFile("agent.mjs"), "1", Method(bodyFile), bodyFile ?? "-", url], environment)).Text);

    private async Task<Answer> PythonAsync(string url, string? bodyFile) =>
        Read((await Shell.RunAsync("python3", [AgentFile("agent.py"), Method(bodyFile), bodyFile ?? "-", url], environment)).Text);

    private static string Method(string? bodyFile) => bodyFile is null ? "GET" : "POST";

    private static string AgentFile(string name) => Path.Combine(Laboratory.Folder, "agents", name);

    private static Answer Read(string line)
    {
        var answer = JsonDocument.Parse(line).RootElement;
        string? Text(string name) => answer.TryGetProperty(name, out var text) ? text.GetString() : null;
        return new Answer(Text("url")!, answer.GetProperty("status").GetInt32(), Text("receipt"), Text("body") ?? Text("error") ?? "");
    }
}
