using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Text;

namespace SmartProxy.AdminApi;

/// <summary>How commands talk to the running process: by <c>run.json</c>, over the admin API.</summary>
internal sealed class AdminClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;

    private AdminClient(RunFile run)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(run.Admin), Timeout = Patience };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", run.AdminToken);
    }

    /// <summary>Null when no process runs on this folder; a <c>run.json</c> that a crash left behind is noticed by its closed port.</summary>
    public static async Task<AdminClient?> TryConnectAsync(DataFolder data, CancellationToken cancellationToken)
    {
        if (RunFile.TryLoad(data) is not { } run)
        {
            return null;
        }

        var client = new AdminClient(run);
        try
        {
            using var answer = await client._http.GetAsync("/healthz", cancellationToken);
            return client;
        }
        catch (HttpRequestException fault) when (fault.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            client.Dispose();
            return null;
        }
        catch (HttpRequestException fault)
        {
            client.Dispose();
            throw new OperatorException($"the running process does not answer at {run.Admin} ({fault.Message}); see its log", OperatorException.Failed, fault);
        }
    }

    /// <exception cref="OperatorException">The process refused; the message is its own.</exception>
    public async Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "application/json" } } };
        return await ReadAsync(await _http.SendAsync(request, cancellationToken), cancellationToken);
    }

    /// <inheritdoc cref="GetAsync"/>
    public async Task<JsonDocument> PostAsync(string path, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        using var content = new StringContent(Encoding.UTF8.GetString(buffer.ToArray()), Encoding.UTF8, "application/json");
        return await ReadAsync(await _http.PostAsync(path, content, cancellationToken), cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<JsonDocument> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using (answer)
        {
            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return JsonDocument.Parse(body);
            }

            throw new OperatorException($"the running process refused ({(int)answer.StatusCode}): {DetailOf(body)}", OperatorException.Failed);
        }
    }

    private static string DetailOf(byte[] body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return Printable.Line(problem.RootElement.GetProperty("detail").GetString());
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "see its log";
        }
    }
}
