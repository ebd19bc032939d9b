using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SmartProxy.AdminApi;
using SmartProxy.Agents;
using SmartProxy.Forwarding;
using SmartProxy.Identity;
using SmartProxy.Payments;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.AdminApi;

/// <summary>Both of our APIs on real listeners, over books and a policy that are played.</summary>
public sealed class ApiKit : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private WebApplication _admin = null!;
    private WebApplication _proxy = null!;
    private AgentAuthenticator _authenticator = null!;

    internal FakeLedger Ledger { get; } = new();

    internal FakePolicyView Policy { get; } = new();

    internal FakeArchive Archive { get; } = new();

    internal FakeBooks Books { get; } = new();

    /// <summary>Requests that were quoted, with their agent.</summary>
    internal List<(string Agent, QuoteRequest Request)> Quoted { get; } = [];

    internal Metrics Metrics { get; } = new();

    internal List<string> Troubles { get; } = [];

    public bool IsServing { get; set; } = true;

    public HttpClient Admin { get; private set; } = null!;

    public HttpClient Proxy { get; private set; } = null!;

    public string AdminToken { get; private set; } = "";

    public string TokenA { get; private set; } = "";

    public string TokenB { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var file = new CredentialFile(_folder.File("credentials.json"));
        file.Create();
        var editor = new CredentialEditor(file, TimeProvider.System, new SystemRandomSource());
        TokenA = editor.Add(new AgentId("a")).Reveal();
        TokenB = editor.Add(new AgentId("b")).Reveal();
        var admin = SmartProxy.Identity.AdminToken.Create(_folder.File("admin-token"), new SystemRandomSource());
        AdminToken = admin.Reveal();
        var store = CredentialStore.Open(file, TimeProvider.System);
        _authenticator = new AgentAuthenticator(store, _ => [], TimeProvider.System);
        var documents = new PublicDocuments(() => "-----BEGIN CERTIFICATE-----\n", () => "{\"keys\":[]}");
        var services = new AdminServices
        {
            Void = (_, _, _, _) => ValueTask.FromResult<Refusal?>(null),
            Token = admin,
            Hosts = ["admin.internal"],
            Ledger = Ledger,
            Policy = Policy,
            Credentials = store,
            Archive = Archive,
            Books = Books,
            LinesFor = (agent, _, _, _, _) => Policy.LinesOf(agent),
            Quote = (context, request) => QuoteAsync(context, request.Agent!.Value.Value, request),
            Health = new Health(Ledger, Policy, () => IsServing, () => 3, [() => Troubles.FirstOrDefault()]),
            Metrics = Metrics,
            Documents = documents,
        };

        _admin = Create();
        new AdminApp(services).Use(_admin);
        Admin = await StartAsync(_admin);
        _proxy = Create();
        _proxy.Run(new AgentApp(new AgentServices
        {
            Authenticator = _authenticator,
            Ledger = Ledger,
            Books = Books,
            Policy = Policy,
            Archive = Archive,
            Documents = documents,
            Quote = (context, identity, request) => QuoteAsync(context, identity.Agent.Value, request),
            Names = new OwnNames(["proxy.internal"]),
            Admit = static (_, _, serve) => serve(),
        }).HandleAsync);
        Proxy = await StartAsync(_proxy);
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        Proxy.Dispose();
        await _admin.DisposeAsync();
        await _proxy.DisposeAsync();
        _authenticator.Dispose();
        _folder.Dispose();
    }

    private Task QuoteAsync(HttpContext context, string agent, QuoteRequest request)
    {
        Quoted.Add((agent, request));
        return ApiAnswer.JsonAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteEndObject();
        });
    }

    private static WebApplication Create()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder.Build();
    }

    private static async Task<HttpClient> StartAsync(WebApplication app)
    {
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(address) };
    }
}
