using System.Text;
using BenchmarkDotNet.Attributes;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Benchmarks;

/// <summary>What does it cost to read the terms of a 402, and to write the payment header for them?</summary>
[MemoryDiagnoser]
public class ReadChallenge
{
    private const string Entry =
        """
        "payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,"asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","extra":{"name":"USDC","version":"2"}}]}
        """;

    private const string Version2Document =
        """{"x402Version":2,"error":"Payment required","resource":{"url":"https://api.example.test/paid"},"accepts":[{"scheme":"exact","network":"eip155:84532","amount":"10000",""" + Entry;

    private const string Version1Document =
        """{"x402Version":1,"error":"X-PAYMENT header is required","accepts":[{"scheme":"exact","network":"base-sepolia","maxAmountRequired":"10000","resource":"https://api.example.test/paid","description":"",""" + Entry;

    private readonly ReaderProfile _profile = new(new HashSet<ChainId> { new(84532), new(8453) });
    private readonly string[] _line = [Convert.ToBase64String(Encoding.UTF8.GetBytes(Version2Document))];
    private readonly byte[] _body = Encoding.UTF8.GetBytes(Version1Document);
    private Challenge _challenge = null!;
    private TransferAuthorization _authorization = null!;

    [GlobalSetup]
    public void Setup()
    {
        _challenge = Version2Header();
        var offer = _challenge.Offers[0];
        var terms = new TransferTerms(
            offer.Network, offer.Asset, offer.DomainName, offer.DomainVersion, offer.PayTo, offer.PayTo, new TokenAmount((UInt128)offer.Amount), 0, 1_780_000_060);
        _authorization = new TransferAuthorization(terms, default);
    }

    [Benchmark(Baseline = true)]
    public Challenge Version2Header() => Read(name => name == X402Reader.HeaderName ? _line : [], ReadOnlyMemory<byte>.Empty);

    [Benchmark]
    public Challenge Version1Body() => Read(_ => [], _body);

    [Benchmark]
    public Challenge NotX402() => Read(_ => [], ReadOnlyMemory<byte>.Empty);

    [Benchmark]
    public PaymentHeader WriteVersion2() =>
        X402Writer.TryWrite(_challenge, _challenge.Offers[0], _authorization, X402Writer.PlaceholderSignature, paymentIdentifier: null);

    private Challenge Read(Func<string, IReadOnlyList<string>> headers, ReadOnlyMemory<byte> body) =>
        X402Reader.Read(402, headers, body, bodyIsWhole: true, "application/json", "https://api.example.test/paid", _profile);
}
