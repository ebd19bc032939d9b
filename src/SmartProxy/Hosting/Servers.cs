namespace SmartProxy.Hosting;

/// <summary>What both servers start from: a slim builder without any configuration of its own, and our logs.</summary>
internal static class Servers
{
    public static WebApplicationBuilder Create(Books books)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "smartproxy", EnvironmentName = Environments.Production });

        // INVARIANT: the only listeners are the configured ones; ASPNETCORE_URLS and the like do not open another.
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(books.Logging);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        return builder;
    }
}
