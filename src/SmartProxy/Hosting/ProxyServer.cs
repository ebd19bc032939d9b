using Microsoft.Extensions.Options;
using SmartProxy.AdminApi;
using SmartProxy.Agents;
using SmartProxy.Connections;
using SmartProxy.Forwarding;
using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Options;
using SmartProxy.Payments;
using SmartProxy.Policies;

namespace SmartProxy.Hosting;

/// <summary>The agents' side: one listener for plain requests and tunnels, the data path, and the agent's own view.</summary>
internal static class ProxyServer
{
    public static WebApplication Build(RunSettings settings, Books books, Metrics metrics)
    {
        var builder = Servers.Create(books);
        builder.Services
            .Configure<ConnectionOptions>(settings.Configuration.GetSection("SmartProxy:Connections"))
            .Configure<EgressOptions>(settings.Configuration.GetSection("SmartProxy:Egress"))
            .Configure<UpstreamOptions>(settings.Configuration.GetSection("SmartProxy:Upstream"))
            .AddOptions<HostOptions>().Configure<IOptions<ConnectionOptions>>((host, connections) => host.ShutdownTimeout = TimeSpan.FromSeconds(connections.Value.ShutdownSeconds)).Services
            .PostConfigure<UpstreamOptions>(upstream => MakeFull(upstream, settings.SettingsFolder));
        AddParts(builder.Services, books, metrics);
        if (settings.Options.Listen.Tls is { } tls)
        {
            builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<OwnTls>(provider, tls));
        }

        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            KestrelSetup.Apply(kestrel, kestrel.ApplicationServices.GetRequiredService<IOptions<ConnectionOptions>>().Value);
            kestrel.Listen(settings.Options.Listen.Proxy.EndPoint, listen => listen.UseSmartProxy(kestrel.ApplicationServices.GetService<OwnTls>()));
        });

        var app = builder.Build();
        var forwarding = app.Services.GetRequiredService<ForwardingEndpoint>();
        var agents = new AgentApp(new AgentServices
        {
            Authenticator = books.Authenticator,
            Ledger = books.Ledger,
            Books = new JournalBooks(books.Ledger),
            Policy = books.Policy,
            Archive = new PaymentArchive(books.ReadModel, books.Receipts),
            Documents = Documents(books),
            Quote = app.Services.GetRequiredService<Probe>().RunAsync,
            Names = new OwnNames(settings.Options.Listen.ProxyHosts),
            Admit = app.Services.GetRequiredService<Admission>().RequestAsync,
        });
        app.Lifetime.ApplicationStopping.Register(app.Services.GetRequiredService<ApprovalDesk>().StopWaiting);
        app.Run(context => forwarding.InvokeAsync(context, agents.HandleAsync));
        return app;
    }

    public static PublicDocuments Documents(Books books) => new(() => books.Authorities.TrustedPem, () => books.ReceiptKeys.Jwks);

    private static void MakeFull(UpstreamOptions upstream, string folder)
    {
        upstream.ExtraCaFile = upstream.ExtraCaFile is { } file ? Path.GetFullPath(file, folder) : null;
        foreach (var identity in upstream.ClientCertificates)
        {
            (identity.CertificateFile, identity.KeyFile) = (Path.GetFullPath(identity.CertificateFile, folder), Path.GetFullPath(identity.KeyFile, folder));
        }
    }

    /// <summary>The payment flow and the data path over one set of books.</summary>
    internal static void AddParts(IServiceCollection services, Books books, Metrics metrics)
    {
        services.AddSingleton(books.Time);
        services.AddSingleton(books.Random);
        services.AddSingleton(books.Authorities);
        services.AddSingleton<IAgentAuthenticator>(books.Authenticator);
        services.AddSingleton<IPolicyView>(books.Policy);
        services.AddSingleton(books.Shadow);
        services.AddSingleton<ILedger>(books.Ledger);
        services.AddSingleton(books.Wallets);
        services.AddSingleton(books.Queries);
        services.AddSingleton(metrics);
        services.AddSingleton(new PolicyNetworks(books.Policy));
        services.AddSingleton<PresentedPayments>();
        services.AddSingleton<SellerPapers>();
        services.AddSingleton<Claims>();
        services.AddSingleton<IForesight>(new LedgerForesight(books.Ledger));
        services.AddSingleton<QuoteDesk>();
        services.AddSingleton(provider => new ApprovalDesk(books.Ledger, books.Random, books.Time, provider.GetRequiredService<ILogger<ApprovalDesk>>()));
        services.AddSingleton<RefusalDesk>();
        services.AddSingleton<IPaymentGuard, PaymentGuard>();
        services.AddSingleton<IPaymentFlow, PaymentFlow>();
        services.AddDataPath();
    }
}
