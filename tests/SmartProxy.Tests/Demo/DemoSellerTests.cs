using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using SmartProxy.Demo;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Demo;

public sealed class DemoSellerTests : IAsyncLifetime
{
    private static readonly EvmAddress Payer = EvmAddress.Parse("0x1111111111111111111111111111111111111111");

    private readonly SimulatedChain _chain = new(
        new Asset(new ChainId(84532), EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e"), "USDC", "USDC", "2", 6),
        (_, signature) => signature == "0xpayer" ? Payer : null,
        TimeProvider.System);

    private DemoSeller _seller = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _chain.Fund(Payer, new TokenAmount(50_000));
        _seller = await DemoSeller.StartAsync(_chain, new TokenAmount(10_000), TestContext.Current.CancellationToken);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(X509Certificate2.CreateFromPem(_seller.CertificatePem));
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust } });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _seller.DisposeAsync();
    }

    [Theory, InlineData("http"), InlineData("https")]
    public async Task It_asks_takes_a_good_payment_once_and_delivers(string scheme)
    {
        var origin = scheme == "http" ? _seller.Http : _seller.Https;
        var payment = Pay(await AskAsync(new Uri(origin, "/weather")), "0xpayer");

        Assert.Equal(200, await SendAsync(new Uri(origin, "/weather"), payment));
        Assert.Equal(new TokenAmount(40_000), _chain.BalanceOf(Payer));
        Assert.Equal(402, await SendAsync(new Uri(origin, "/weather"), payment));
        Assert.Equal(new TokenAmount(40_000), _chain.BalanceOf(Payer));
    }

    [Fact]
    public async Task A_forged_signature_buys_nothing()
    {
        var url = new Uri(_seller.Http, "/weather");

        Assert.Equal(402, await SendAsync(url, Pay(await AskAsync(url), "0xthief")));
        Assert.Equal(402, await SendAsync(url, "bm9uc2Vuc2U="));
        Assert.Equal(new TokenAmount(50_000), _chain.BalanceOf(Payer));
    }

    [Fact]
    public async Task Changed_terms_are_not_taken()
    {
        var url = new Uri(_seller.Http, "/weather");
        var terms = (await AskAsync(url)).Replace("\"10000\"", "\"1\"", StringComparison.Ordinal);

        Assert.Equal(402, await SendAsync(url, Pay(terms, "0xpayer")));
    }

    [Fact]
    public async Task The_greedy_path_keeps_the_signature_asks_again_and_charges_later()
    {
        var url = new Uri(_seller.Http, "/greedy");

        Assert.Equal(402, await SendAsync(url, Pay(await AskAsync(url), "0xpayer")));
        Assert.Equal((1, new TokenAmount(50_000)), (_seller.KeptSignatures, _chain.BalanceOf(Payer)));
        Assert.Equal(1, _seller.ChargeKept());
        Assert.Equal(new TokenAmount(40_000), _chain.BalanceOf(Payer));
    }

    private async Task<string> AskAsync(Uri url)
    {
        using var answer = await _client.GetAsync(url, TestContext.Current.CancellationToken);
        Assert.Equal(402, (int)answer.StatusCode);
        return Encoding.UTF8.GetString(Convert.FromBase64String(answer.Headers.GetValues("PAYMENT-REQUIRED").Single()));
    }

    private async Task<int> SendAsync(Uri url, string payment)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("PAYMENT-SIGNATURE", payment);
        using var answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)answer.StatusCode;
    }

    private static string Pay(string terms, string signature)
    {
        using var document = JsonDocument.Parse(terms);
        var entry = document.RootElement.GetProperty("accepts")[0];
        var before = DateTimeOffset.UtcNow.AddSeconds(60).ToUnixTimeSeconds();
        return Convert.ToBase64String(Encoding.UTF8.GetBytes($$$"""
            {"x402Version":2,"accepted":{{{entry.GetRawText()}}},"payload":{"signature":"{{{signature}}}","authorization":{"from":"{{{Payer}}}",
             "to":"{{{entry.GetProperty("payTo").GetString()}}}","value":"{{{entry.GetProperty("amount").GetString()}}}","validAfter":"0","validBefore":"{{{before}}}",
             "nonce":"{{{Bytes32.Sha256("demo"u8)}}}"} } }
            """));
    }
}
