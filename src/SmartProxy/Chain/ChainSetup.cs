using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Chain;

/// <summary>Makes the watch of every configured network.</summary>
internal static class ChainSetup
{
    /// <summary>How long a start waits for the first look at the chains.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(10);

    private const long MaxAnswerBytes = 16L << 20;
    private static readonly TimeSpan NodeTimeout = TimeSpan.FromSeconds(15);

    public static ChainKeeper Keeper(
        IReadOnlyDictionary<ChainId, NetworkOptions> networks,
        InstallationMode mode,
        LedgerHost ledger,
        IReadOnlyList<EvmAddress> wallets,
        WalletFunds funds,
        ChainAlarms alarms,
        TimeProvider time,
        ILoggerFactory logging)
    {
        var kept = networks.Select(network => new KeptChain(Watch(network.Key, network.Value), network.Value.Sweep)).ToList();
        return new ChainKeeper(kept, time, logging.CreateLogger<ChainKeeper>());

        ChainWatch Watch(ChainId chain, NetworkOptions options)
        {
            var ours = AssetRegistry.Default.Assets.Where(asset => asset.Chain == chain).SelectMany(asset => wallets.Select(wallet => new WalletAccount(asset.Address, wallet))).ToList();
            return new ChainWatch(Agreed(chain, options, mode), ledger, new ChainBook(ledger, chain), funds, alarms, ours, time);
        }
    }

    /// <summary>A chain as all nodes of its settings agree to see it.</summary>
    /// <exception cref="OperatorException">Real money would be freed on the word of a block that is not final.</exception>
    public static AgreedChain Agreed(ChainId chain, NetworkOptions options, InstallationMode mode) =>
        options.Confirmations is not null && mode is InstallationMode.Live
            ? throw new OperatorException($"expected no `SmartProxy:Networks:{chain}:Confirmations` in a folder for main networks: a block counts there when it is final, because what a later one takes back could be charged again; remove the setting")
            : new AgreedChain(chain, [.. options.Rpc.Select(url => Node(url))], options.Confirmations);

    /// <summary>
    /// A node by its URL, the one way to each. Never through a proxy: <c>HTTPS_PROXY</c> may well be ourselves; and never to where it points us.
    /// Lives as long as the process.
    /// </summary>
    /// <param name="url">Where it is; may hold a key.</param>
    /// <param name="patience">How long one answer may take; null for what a sweep can wait.</param>
    public static EthRpc Node(Uri url, TimeSpan? patience = null) => new(new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = url,
        Timeout = patience ?? NodeTimeout,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    });
}
