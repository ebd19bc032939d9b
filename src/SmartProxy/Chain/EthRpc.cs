using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Polly.Retry;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Chain;

/// <summary>
/// The little of an EVM node's JSON-RPC that the books need. Reads only; answers are bounded by <see cref="HttpClient.MaxResponseContentBufferSize"/>,
/// and an answer to another question than was asked is an error.
/// </summary>
/// <param name="client">With its base address, time limit and buffer limit set.</param>
internal sealed class EthRpc(HttpClient client)
{
    /// <summary>The most logs that one answer may hold.</summary>
    public const int MaxLogs = 10_000;

    // Reads may be asked again: a node that is busy now answers in a moment.
    private static readonly ResiliencePipeline Patience = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>(),
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromMilliseconds(200),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    private static readonly Bytes32 AuthorizationStateCall = Bytes32.Keccak256("authorizationState(address,bytes32)"u8);
    private static readonly Bytes32 BalanceOfCall = Bytes32.Keccak256("balanceOf(address)"u8);

    /// <summary>Keccak-256 of <c>AuthorizationUsed(address,bytes32)</c>; both arguments are indexed (EIP-3009).</summary>

    /// <summary>The node's host, for people: its URL often holds a key.</summary>
    public string Name => client.BaseAddress?.Authority ?? "node";

    /// <summary>The chain that the node serves.</summary>
    public Task<ChainId> ChainIdAsync(CancellationToken cancellationToken) =>
        CallAsync("eth_chainId", _ => { }, result => new ChainId((ulong)result.Quantity()), cancellationToken);

    /// <summary>The number of the newest block.</summary>
    /// <exception cref="EthRpcException">The node failed or answered something else.</exception>
    public Task<long> BlockNumberAsync(CancellationToken cancellationToken) =>
        CallAsync("eth_blockNumber", _ => { }, result => result.Quantity(), cancellationToken);

    /// <summary>The time of a block.</summary>
    public async Task<DateTimeOffset> BlockTimeAsync(long block, CancellationToken cancellationToken) => (await BlockAsync(block, cancellationToken)).Time;

    /// <summary>A block by its number.</summary>
    public async Task<BlockHeader> BlockAsync(long number, CancellationToken cancellationToken)
    {
        var block = await BlockByTagAsync(EthJson.ToQuantity(number), cancellationToken);
        return block.Number == number ? block : throw new EthRpcException($"asked for block {number}, and the node answered with block {block.Number}");
    }

    /// <summary>The newest block.</summary>
    public Task<BlockHeader> LatestAsync(CancellationToken cancellationToken) => BlockByTagAsync("latest", cancellationToken);

    /// <summary>The newest block that the chain itself calls final.</summary>
    public Task<BlockHeader> FinalizedAsync(CancellationToken cancellationToken) => BlockByTagAsync("finalized", cancellationToken);

    /// <summary>Whether an authorization was used or cancelled, at a block.</summary>
    /// <param name="asset">The token contract.</param>
    /// <param name="wallet">The payer.</param>
    /// <param name="nonce">The authorization's nonce.</param>
    /// <param name="block">The block, by its hash (EIP-1898): an answer about another branch is impossible.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<bool> AuthorizationStateAsync(EvmAddress asset, EvmAddress wallet, Bytes32 nonce, BlockHeader block, CancellationToken cancellationToken) =>
        ReadAsync(asset, Call(AuthorizationStateCall, EthJson.WordOf(wallet), nonce), block, result => result.Boolean(), cancellationToken);

    /// <summary>Token units of a wallet, at a block.</summary>
    public Task<UInt128> BalanceAsync(EvmAddress asset, EvmAddress wallet, BlockHeader block, CancellationToken cancellationToken) =>
        ReadAsync(asset, Call(BalanceOfCall, EthJson.WordOf(wallet)), block, result => result.ValueEquals("0x"u8) ? 0 : result.Units(), cancellationToken); // no contract, no money

    /// <summary>What token contracts told about our wallets within a range of blocks: uses, cancellations and transfers out, in the chain's order.</summary>
    public Task<IReadOnlyList<WalletLog>> LogsAsync(WalletLogs asked, CancellationToken cancellationToken) =>
        CallAsync("eth_getLogs", asked.Write, asked.Read, cancellationToken);

    /// <summary>The authorizations of one wallet that one token contract has used or that were used within a range of blocks.</summary>
    /// <param name="chain">The chain that this node serves.</param>
    /// <param name="asset">The token contract.</param>
    /// <param name="wallet">The payer.</param>
    /// <param name="fromBlock">First block.</param>
    /// <param name="toBlock">Last block; nodes limit the range.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<IReadOnlyList<UsedAuthorization>> AuthorizationsUsedAsync(
        ChainId chain, EvmAddress asset, EvmAddress wallet, long fromBlock, long toBlock, CancellationToken cancellationToken)
    {
        var logs = await LogsAsync(new WalletLogs([asset], [wallet], fromBlock, toBlock) { Topics = [WalletLogs.UsedTopic] }, cancellationToken);
        var times = new Dictionary<long, DateTimeOffset>();
        var uses = new List<UsedAuthorization>();
        foreach (var log in logs)
        {
            if (!times.TryGetValue(log.Block, out var time))
            {
                times.Add(log.Block, time = await BlockTimeAsync(log.Block, cancellationToken));
            }

            uses.Add(new UsedAuthorization(chain, asset, wallet, log.Subject, time));
        }

        return uses;
    }

    private Task<BlockHeader> BlockByTagAsync(string tag, CancellationToken cancellationToken) =>
        CallAsync(
            "eth_getBlockByNumber",
            json =>
            {
                json.WriteStringValue(tag);
                json.WriteBooleanValue(false);
            },
            result => new BlockHeader(result.Member("number").Quantity(), result.Member("hash").Word(), DateTimeOffset.FromUnixTimeSeconds(result.Member("timestamp").Seconds())),
            cancellationToken);

    private Task<T> ReadAsync<T>(EvmAddress contract, string data, BlockHeader block, Func<JsonElement, T> read, CancellationToken cancellationToken) =>
        CallAsync(
            "eth_call",
            json =>
            {
                json.WriteStartObject();
                json.WriteString("to"u8, contract.ToString());
                json.WriteString("data"u8, data);
                json.WriteEndObject();
                json.WriteStartObject();
                json.WriteString("blockHash"u8, block.Hash.ToString());
                json.WriteBoolean("requireCanonical"u8, true);
                json.WriteEndObject();
            },
            read,
            cancellationToken);

    private static string Call(Bytes32 selector, params ReadOnlySpan<Bytes32> arguments)
    {
        var data = selector.ToString()[..10];
        foreach (var argument in arguments)
        {
            data += argument.ToHex();
        }

        return data;
    }

    private async Task<T> CallAsync<T>(string method, Action<Utf8JsonWriter> parameters, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        var body = Compose(method, parameters);
        try
        {
            var bytes = await Patience.ExecuteAsync(async token => await PostAsync(body, token), cancellationToken);
            using var answer = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            return read(EthJson.Result(answer.RootElement));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new EthRpcException($"{Name}: {method}: {(e is OperationCanceledException ? "no answer in time" : e.Message)}", e);
        }
        catch (EthRpcException e)
        {
            throw new EthRpcException($"{Name}: {method}: {e.Message}", e);
        }
    }

    private static byte[] Compose(string method, Action<Utf8JsonWriter> parameters)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0");
            json.WriteNumber("id"u8, 1);
            json.WriteString("method"u8, method);
            json.WriteStartArray("params"u8);
            parameters(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private async Task<byte[]> PostAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await client.PostAsync(default(Uri), content, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }
}

/// <summary>A node failed, or answered something that can't be used.</summary>
internal sealed class EthRpcException(string message, Exception? inner = null) : Exception(message, inner);
