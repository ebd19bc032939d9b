using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>A block, as far as the books need it.</summary>
internal sealed record BlockHeader(long Number, Bytes32 Hash, DateTimeOffset Time);

internal enum WalletLogKind
{
    /// <summary>EIP-3009: an authorization of the wallet was used.</summary>
    Used,

    /// <summary>EIP-3009: an authorization of the wallet was cancelled and can't be used any more.</summary>
    Canceled,

    /// <summary>ERC-20: token units left the wallet.</summary>
    Transfer,

    /// <summary>ERC-20: token units came into the wallet.</summary>
    Received,
}

/// <summary>One event of a token contract about one of our wallets.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Asset">The contract.</param>
/// <param name="Wallet">Our wallet.</param>
/// <param name="Subject">The nonce; for a transfer the other side as a word: recipient, or sender of what came in.</param>
/// <param name="Value">Token units, for a transfer.</param>
/// <param name="Block">The block's number.</param>
/// <param name="BlockHash">The block's hash.</param>
/// <param name="Transaction">The transaction's hash.</param>
/// <param name="Index">Its place among the block's events.</param>
internal sealed record WalletLog(
    WalletLogKind Kind, EvmAddress Asset, EvmAddress Wallet, Bytes32 Subject, UInt128 Value, long Block, Bytes32 BlockHash, Bytes32 Transaction, long Index);

/// <summary>A question for logs, and the reader of its answer: what was not asked for is not believed.</summary>
internal sealed record WalletLogs(IReadOnlyList<EvmAddress> Assets, IReadOnlyList<EvmAddress> Wallets, long FromBlock, long ToBlock)
{
    public static readonly Bytes32 UsedTopic = Bytes32.Keccak256("AuthorizationUsed(address,bytes32)"u8);
    public static readonly Bytes32 CanceledTopic = Bytes32.Keccak256("AuthorizationCanceled(address,bytes32)"u8);
    public static readonly Bytes32 TransferTopic = Bytes32.Keccak256("Transfer(address,address,uint256)"u8);

    /// <summary>The events that are asked for. All three have the wallet as their first argument.</summary>
    public IReadOnlyList<Bytes32> Topics { get; init; } = [UsedTopic, CanceledTopic, TransferTopic];

    /// <summary>Whether the wallet is the second argument instead: transfers that came in.</summary>
    public bool IsIncoming { get; private init; }

    /// <summary>The same question about transfers that came in.</summary>
    public WalletLogs Incoming() => this with { IsIncoming = true, Topics = [TransferTopic] };

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        Write(json, "address", Assets.Select(asset => asset.ToString()));
        json.WriteString("fromBlock"u8, EthJson.ToQuantity(FromBlock));
        json.WriteString("toBlock"u8, EthJson.ToQuantity(ToBlock));
        json.WriteStartArray("topics"u8);
        Write(json, null, Topics.Select(topic => topic.ToString()));
        if (IsIncoming)
        {
            json.WriteNullValue(); // from anybody
        }

        Write(json, null, Wallets.Select(wallet => EthJson.WordOf(wallet).ToString()));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <exception cref="EthRpcException">An answer to another question, a log twice, or one that a reorganisation took back.</exception>
    public IReadOnlyList<WalletLog> Read(JsonElement result)
    {
        var logs = result.List(EthRpc.MaxLogs).Select(ReadLog).OrderBy(log => log.Block).ThenBy(log => log.Index).ToList();
        return logs.Zip(logs.Skip(1)).Any(pair => (pair.First.Block, pair.First.Index) == (pair.Second.Block, pair.Second.Index))
            ? throw new EthRpcException("the node answered with the same log twice")
            : logs;
    }

    private WalletLog ReadLog(JsonElement log)
    {
        var topics = log.Member("topics").List(4).Select(topic => topic.Word()).ToList();
        var (asset, block) = (log.Member("address").Address(), log.Member("blockNumber").Quantity());
        var (ours, other) = IsIncoming ? (2, 1) : (1, 2);
        var wallet = topics.Count == 3 ? Wallets.Where(wallet => EthJson.WordOf(wallet) == topics[ours]).Cast<EvmAddress?>().FirstOrDefault() : null;
        var wasTakenBack = log.TryGetProperty("removed", out var removed) && removed.ValueKind != JsonValueKind.False;
        if (wallet is null || !Topics.Contains(topics[0]) || !Assets.Contains(asset) || block < FromBlock || block > ToBlock || wasTakenBack)
        {
            throw new EthRpcException("the node answered with a log that was not asked for");
        }

        var kind = IsIncoming ? WalletLogKind.Received
            : topics[0] == UsedTopic ? WalletLogKind.Used
            : topics[0] == CanceledTopic ? WalletLogKind.Canceled
            : WalletLogKind.Transfer;
        return new WalletLog(
            kind, asset, wallet.Value, topics[other], kind is WalletLogKind.Transfer or WalletLogKind.Received ? log.Member("data").Units() : 0,
            block, log.Member("blockHash").Word(), log.Member("transactionHash").Word(), log.Member("logIndex").Quantity());
    }

    // One value or several: every node knows both forms, and the single one is the most common.
    private static void Write(Utf8JsonWriter json, string? name, IEnumerable<string> values)
    {
        var all = values.ToList();
        if (name is not null)
        {
            json.WritePropertyName(name);
        }

        if (all is [var single])
        {
            json.WriteStringValue(single);
            return;
        }

        json.WriteStartArray();
        all.ForEach(json.WriteStringValue);
        json.WriteEndArray();
    }
}
