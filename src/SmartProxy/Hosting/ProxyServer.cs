using Microsoft.Extensions.Options;
using SmartProxy.Agents;
using SmartProxy.Commands;
using SmartProxy.Connections;
using SmartProxy.Forwarding;
using SmartProxy.Identity;
using SmartProxy.Ledger;
using SmartProxy.Operator;
using SmartProxy.Options;
using SmartProxy.Payments;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;

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
            .PostConfigure<UpstreamOptions>(upstream => upstream.ExtraCaFile = upstream.ExtraCaFile is { } file ? Path.GetFullPath(file, settings.SettingsFolder) : null);
        AddParts(builder.Services, books, metrics);
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            KestrelSetup.Apply(kestrel, kestrel.ApplicationServices.GetRequiredService<IOptions<ConnectionOptions>>().Value);
            kestrel.Listen(settings.Options.Listen.Proxy.EndPoint, listen => listen.UseSmartProxy());
        });

        var app = builder.Build();
        var forwarding = app.Services.GetRequiredService<ForwardingEndpoint>();
        var agents = new AgentApp(books.Authenticator, books.Ledger, books.Policy, new PaymentArchive(books.ReadModel, books.Receipts), Documents(books));
        app.Run(context => forwarding.InvokeAsync(context, agents.HandleAsync));
        return app;
    }

    public static PublicDocuments Documents(Books books) => new(() => books.Authority.CertificatePem, () => books.ReceiptKeys.Jwks);

    private static void AddParts(IServiceCollection services, Books books, Metrics metrics)
    {
        services.AddSingleton(books.Time);
        services.AddSingleton(books.Random);
        services.AddSingleton(books.Authority);
        services.AddSingleton<IAgentAuthenticator>(books.Authenticator);
        services.AddSingleton<IPolicyView>(books.Policy);
        services.AddSingleton(books.Shadow);
        services.AddSingleton<ILedger>(books.Ledger);
        services.AddSingleton(books.Wallets);
        services.AddSingleton(books.Queries);
        services.AddSingleton(metrics);
        services.AddSingleton(new PolicyNetworks(books.Policy));
        services.AddSingleton<PresentedPayments>();
        services.AddSingleton<Claims>();
        services.AddSingleton<RefusalDesk>();
        services.AddSingleton<IPaymentGuard, PaymentGuard>();
        services.AddSingleton<IPaymentFlow, PaymentFlow>();
        services.AddDataPath();
    }
}
