namespace SmartProxy.Interop.Tests;

/// <summary>A test that needs the laboratory and, mostly, a running proxy of its own.</summary>
[Trait("needs", "node")]
public abstract class InteropTest(Laboratory laboratory) : IAsyncLifetime
{
    /// <summary>Set to run as many rounds as a nightly build does.</summary>
    internal static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";

    private ProxyProcess? _proxy;

    internal Laboratory Lab { get; } = laboratory;

    /// <summary>Unique to the test; goes into every URL, so that sellers can be asked about it.</summary>
    internal string Mark { get; } = $"m{Guid.NewGuid():N}";

    internal ProxyProcess Proxy => _proxy ?? throw new InvalidOperationException("call StartProxyAsync first");

    public ValueTask InitializeAsync()
    {
        Lab.Require();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>A proxy with ten dollars on chain, whose agent <c>me</c> may buy from the laboratory within <paramref name="limits"/>.</summary>
    internal async Task StartProxyAsync(string limits = """ "payment": "0.05", "day": "5.00" """)
    {
        _proxy = await ProxyProcess.InitAsync(Lab, limits);
        await Lab.MintAsync(Proxy.Wallet, 10_000_000);
        await Proxy.StartAsync();
    }

    /// <summary>What <paramref name="act"/> moves on chain from the proxy's wallet and to the seller: both must be the same.</summary>
    internal async Task<UInt128> MovedAsync(Seller seller, Func<Task> act)
    {
        var (wallet, income) = (await Lab.BalanceAsync(Proxy.Wallet), await Lab.BalanceAsync(seller.PayTo));
        await act();
        var (paid, received) = (wallet - await Lab.BalanceAsync(Proxy.Wallet), await Lab.BalanceAsync(seller.PayTo) - income);
        Assert.Equal(paid, received);
        return paid;
    }
}
