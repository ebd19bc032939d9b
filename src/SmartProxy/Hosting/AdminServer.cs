using SmartProxy.AdminApi;
using SmartProxy.Chain;
using SmartProxy.Connections;
using SmartProxy.Forwarding;
using SmartProxy.Identity;
using SmartProxy.Policy;

namespace SmartProxy.Hosting;

/// <summary>The operator's side, on a listener of its own.</summary>
internal static class AdminServer
{
    /// <summary>Connections that are open at once; a further one is closed.</summary>
    public const int MaxConnections = 128;

    // For a request, or the next one: whoever says nothing makes room.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static WebApplication Build(RunSettings settings, Books books, Health health, Metrics metrics, Probe probe, Admission admission)
    {
        var builder = Servers.Create(books);
        builder.Services.AddRouting();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            (kestrel.Limits.KeepAliveTimeout, kestrel.Limits.RequestHeadersTimeout) = (Patience, Patience);
            kestrel.Listen(settings.Options.Listen.Admin.EndPoint);
        });

        var app = builder.Build();
        new AdminApp(new AdminServices
        {
            Token = books.AdminToken,
            Hosts = [.. settings.Options.Listen.AdminHosts],
            Ledger = books.Ledger,
            Policy = books.Policy,
            Credentials = books.Credentials,
            Archive = new PaymentArchive(books.ReadModel, books.Receipts),
            Books = new JournalBooks(books.Ledger),
            LinesFor = (agent, method, origin, path, price) =>
                books.Policy.Current is { } policy && PolicyExplanation.Judge(policy, agent, method, origin, path, price, books.Time.GetUtcNow()) is Verdict.Allowed allowed ? allowed.Lines : null,
            Quote = (context, request) => admission.RequestAsync(
                context, request.Agent!.Value, () => probe.RunAsync(context, new AgentIdentity(request.Agent!.Value, CancellationToken.None), request)),
            Void = new VoidOrder(books.Ledger, books.Time, books.Chains.Watches, books.Chains.FinalTime).RunAsync,
            Health = health,
            Metrics = metrics,
            Documents = ProxyServer.Documents(books),
            Time = books.Time,
            Random = books.Random,
        }).Use(app);
        return app;
    }
}
