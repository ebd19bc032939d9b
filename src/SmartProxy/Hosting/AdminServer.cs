using SmartProxy.Commands;
using SmartProxy.Operator;

namespace SmartProxy.Hosting;

/// <summary>The operator's side, on a listener of its own.</summary>
internal static class AdminServer
{
    public static WebApplication Build(RunSettings settings, Books books, Health health, Metrics metrics)
    {
        var builder = Servers.Create(books);
        builder.Services.AddRouting();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
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
            Void = new VoidOrder(books.Ledger, books.Time, books.Chains.Watches, books.Chains.FinalTime).RunAsync,
            Health = health,
            Metrics = metrics,
            Documents = ProxyServer.Documents(books),
        }).Use(app);
        return app;
    }
}
