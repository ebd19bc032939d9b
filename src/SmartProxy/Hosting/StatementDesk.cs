using SmartProxy.Accounting;
using SmartProxy.Accounting.Statements;
using SmartProxy.Chain;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Receipts;

namespace SmartProxy.Hosting;

/// <summary>Makes and signs statements: the journal and the key of a data folder, and whichever nodes were named.</summary>
internal sealed class StatementDesk(TimeProvider time)
{
    /// <exception cref="OperatorException">The journal, the key or the settings can't be read, or the month has not begun.</exception>
    public async Task<SignedStatement> MakeAsync(BooksQuestion asked, CancellationToken cancellationToken)
    {
        if (asked.Month.Start > time.GetUtcNow())
        {
            throw new OperatorException($"expected a month that has begun, found `{asked.Month}`");
        }

        var book = new StatementBook(asked.Month);
        Seams.ReadJournal(asked.Data, book.Take);
        var (read, unknown) = (new Dictionary<ChainId, ChainMonth>(), new Dictionary<ChainId, string>());
        foreach (var chain in await ChainsAsync(asked, cancellationToken))
        {
            await ReadAsync(chain, asked, book, read, unknown, cancellationToken);
        }

        var statement = new StatementMaker(book, read, unknown).Make();
        using var keys = LoadKeys(asked.Data);
        var payload = StatementDocument.Write(statement, time.GetUtcNow());
        return new SignedStatement(statement, payload, keys.Signer.Sign(payload, StatementDocument.Type));
    }

    /// <summary>The key that signs for a data folder.</summary>
    internal static ReceiptKeys LoadKeys(DataFolder data)
    {
        try
        {
            return ReceiptKeys.Load(data.ReceiptsKey);
        }
        catch (ReceiptKeyException fault)
        {
            throw new OperatorException(fault.Message, inner: fault);
        }
    }

    private static async Task ReadAsync(
        AgreedChain chain, BooksQuestion asked, StatementBook book, Dictionary<ChainId, ChainMonth> read, Dictionary<ChainId, string> unknown, CancellationToken cancellationToken)
    {
        try
        {
            read[chain.Chain] = await ChainMonth.ReadAsync(chain, asked.Month, AccountsOn(chain.Chain, asked.Data, book), cancellationToken);
        }
        catch (ChainFaultException fault)
        {
            unknown[chain.Chain] = fault.Message;
        }
    }

    // What the journal ever paid from, and what lies in the folder's wallets although nothing was paid from it.
    private static HashSet<WalletAccount> AccountsOn(ChainId chain, DataFolder data, StatementBook book)
    {
        var files = new KeyFiles(new SystemRandomSource());
        var wallets = Directory.Exists(data.Wallets) ? Directory.EnumerateFiles(data.Wallets, "*.json").Select(files.AddressOf).OfType<EvmAddress>().ToList() : [];
        var ours = book.Registry.Assets.Where(asset => asset.Chain == chain).SelectMany(asset => wallets.Select(wallet => new WalletAccount(asset.Address, wallet)));
        return [.. book.Accounts.Where(entry => entry.Chain == chain).Select(entry => entry.Account), .. ours];
    }

    private static async Task<IReadOnlyList<AgreedChain>> ChainsAsync(BooksQuestion asked, CancellationToken cancellationToken)
    {
        var mode = File.Exists(asked.Data.Installation) ? InstallationFile.Load(asked.Data).Mode : InstallationMode.Live;
        if (asked.Rpc.Count == 0)
        {
            var (configuration, folder) = SettingsLoader.Load(asked.ConfigFile, []);
            return [.. OptionsReader.Read(configuration, folder).Networks.Select(network => ChainSetup.Agreed(network.Key, network.Value, mode))];
        }

        try
        {
            var nodes = await Task.WhenAll(asked.Rpc.Select(async url => (Url: url, Chain: await ChainSetup.Node(url).ChainIdAsync(cancellationToken))));
            return [.. nodes.GroupBy(node => node.Chain).Select(chain => ChainSetup.Agreed(chain.Key, new NetworkOptions { Rpc = [.. chain.Select(node => node.Url)] }, mode))];
        }
        catch (EthRpcException fault)
        {
            throw new OperatorException($"the node can't be asked: {fault.Message}; try another --rpc, or none to learn what the journal alone says", OperatorException.Failed, fault);
        }
    }
}
