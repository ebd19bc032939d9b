using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace SmartProxy.Demo;

/// <summary>An agent with nothing but a proxy URL and a CA to trust: it holds no key and knows no payment protocol.</summary>
internal sealed class DemoAgent : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly X509Certificate2 _ca;
    private readonly HttpClient _throughProxy;
    private readonly HttpClient _toProxy;

    public DemoAgent(Uri proxy, string name, string token, string caPem)
    {
        _ca = X509Certificate2.CreateFromPem(caPem);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(_ca);
        _throughProxy = new HttpClient(new SocketsHttpHandler
        {
            Proxy = new WebProxy(proxy) { Credentials = new NetworkCredential(name, token) },
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust },
            AllowAutoRedirect = false,
        })
        { Timeout = Patience };
        _toProxy = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = proxy, Timeout = Patience };
        _toProxy.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Gets a page of an API, through the proxy.</summary>
    public async Task<DemoAnswer> GetAsync(Uri origin, string path, CancellationToken cancellationToken)
    {
        using var answer = await _throughProxy.GetAsync(new Uri(origin, path), cancellationToken);
        return await DemoAnswer.ReadAsync(answer, cancellationToken);
    }

    /// <summary>Asks the proxy itself.</summary>
    public async Task<DemoAnswer> AskProxyAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await _toProxy.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await DemoAnswer.ReadAsync(answer, cancellationToken);
    }

    public void Dispose()
    {
        _throughProxy.Dispose();
        _toProxy.Dispose();
        _ca.Dispose();
    }
}

/// <summary>What an agent got.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Receipt">The value of <c>Smart-Proxy-Receipt</c>.</param>
/// <param name="Paid">The value of <c>Smart-Proxy-Paid</c>.</param>
/// <param name="Body">The body as text.</param>
internal sealed record DemoAnswer(int Status, string? Receipt, string? Paid, string Body)
{
    public static async Task<DemoAnswer> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken) => new(
        (int)answer.StatusCode,
        Header(answer, "Smart-Proxy-Receipt"),
        Header(answer, "Smart-Proxy-Paid"),
        await answer.Content.ReadAsStringAsync(cancellationToken));

    /// <summary>A member of a JSON body, as text; empty when there is none.</summary>
    public string Member(string name)
    {
        try
        {
            using var json = JsonDocument.Parse(Body);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var member) ? member.ToString() : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
