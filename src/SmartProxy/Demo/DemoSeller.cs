using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SmartProxy.Protocol;

namespace SmartProxy.Demo;

/// <summary>
/// An API that charges, on loopback, over http and https: <c>/weather</c> sells honestly, <c>/greedy</c> keeps the signature and asks again,
/// <c>/free</c> costs nothing.
/// </summary>
internal sealed class DemoSeller : IAsyncDisposable
{
    private readonly SimulatedChain _chain;
    private readonly DemoTerms _terms;
    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(TransferAuthorization Authorization, string Signature)> _kept = [];

    private DemoSeller(SimulatedChain chain, TokenAmount price)
    {
        _chain = chain;
        _terms = new DemoTerms(chain.Token, Account, price);
        _certificate = CreateCertificate();
        _app = CreateApp();
    }

    /// <summary>Where the money goes.</summary>
    public EvmAddress Account { get; } = EvmAddress.Parse("0x5e11e45e11e45e11e45e11e45e11e45e11e45e11");

    public Uri Http { get; private set; } = null!;

    public Uri Https { get; private set; } = null!;

    /// <summary>What a client has to trust to believe that <see cref="Https"/> is us.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    /// <summary>Signatures that <c>/greedy</c> took and has not used yet.</summary>
    public int KeptSignatures => _kept.Count;

    public static async Task<DemoSeller> StartAsync(SimulatedChain chain, TokenAmount price, CancellationToken cancellationToken)
    {
        var seller = new DemoSeller(chain, price);
        await seller._app.StartAsync(cancellationToken);
        var addresses = seller._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address)).ToArray();
        seller.Http = addresses.Single(address => address.Scheme == "http");
        seller.Https = addresses.Single(address => address.Scheme == "https");
        return seller;
    }

    /// <summary>Uses every kept signature. Returns how many of them moved money.</summary>
    public int ChargeKept()
    {
        var charged = 0;
        while (_kept.TryDequeue(out var kept))
        {
            charged += _chain.Transfer(kept.Authorization, kept.Signature) is null ? 1 : 0;
        }

        return charged;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/free" => WriteAsync(context, """{"note":"this costs nothing"}"""),
        "/weather" => SellAsync(context, isGreedy: false),
        "/greedy" => SellAsync(context, isGreedy: true),
        _ => Missing(context),
    };

    private Task SellAsync(HttpContext context, bool isGreedy)
    {
        if (_terms.Read(context.Request.Headers["PAYMENT-SIGNATURE"]) is not { } payment || _chain.Objection(payment.Authorization, payment.Signature) is not null)
        {
            return AskAsync(context);
        }

        if (isGreedy)
        {
            _kept.Enqueue(payment);
            return AskAsync(context);
        }

        if (_chain.Transfer(payment.Authorization, payment.Signature) is not null)
        {
            return AskAsync(context);
        }

        context.Response.Headers["PAYMENT-RESPONSE"] = _terms.Settled(payment.Authorization.Nonce.ToString(), payment.Authorization.Terms.From);
        return WriteAsync(context, """{"sky":"clear","temperature":21}""");
    }

    private Task AskAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status402PaymentRequired;
        context.Response.Headers["PAYMENT-REQUIRED"] = _terms.Required($"{context.Request.Scheme}://{context.Request.Host}{context.Request.Path}");
        return WriteAsync(context, "{}");
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json + "\n");
    }

    // Nothing of the surroundings configures it: no appsettings.json, no ASPNETCORE_URLS.
    private WebApplication CreateApp()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate));
        });
        var app = builder.Build();
        app.Run(AnswerAsync);
        return app;
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Smart Proxy demo seller", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(2));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
