using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Polly.Retry;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Storage.Chain;

/// <summary>The little of an EVM node's JSON-RPC that auditing needs. Reads only; answers are bounded by <see cref="HttpClient.MaxResponseContentBufferSize"/>.</summary>
/// <param name="client">With its base address, time limit and buffer limit set.</param>
internal sealed class EthRpc(HttpClient client)
{
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

    /// <summary>Keccak-256 of <c>AuthorizationUsed(address,bytes32)</c>; both arguments are indexed (EIP-3009).</summary>
    public static readonly Bytes32 AuthorizationUsedTopic = Bytes32.Keccak256("AuthorizationUsed(address,bytes32)"u8);

    /// <summary>The chain that the node serves.</summary>
    public async Task<ChainId> ChainIdAsync(CancellationToken cancellationToken)
    {
        using var answer = await CallAsync("eth_chainId", _ => { }, cancellationToken);
        return new ChainId((ulong)Quantity(Result(answer)));
    }

    /// <summary>The number of the newest block.</summary>
    /// <exception cref="EthRpcException">The node failed or answered something else.</exception>
    public async Task<long> BlockNumberAsync(CancellationToken cancellationToken)
    {
        using var answer = await CallAsync("eth_blockNumber", _ => { }, cancellationToken);
        return Quantity(Result(answer));
    }

    /// <summary>The time of a block.</summary>
    public async Task<DateTimeOffset> BlockTimeAsync(long block, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(
            "eth_getBlockByNumber",
            json =>
            {
                json.WriteStringValue(ToQuantity(block));
                json.WriteBooleanValue(false);
            },
            cancellationToken);
        return DateTimeOffset.FromUnixTimeSeconds(Quantity(Member(Result(answer), "timestamp")));
    }

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
        using var answer = await CallAsync("eth_getLogs", json => WriteFilter(json, asset, wallet, fromBlock, toBlock), cancellationToken);
        var times = new Dictionary<long, DateTimeOffset>();
        var uses = new List<UsedAuthorization>();
        foreach (var log in Array(Result(answer)))
        {
            var block = Quantity(Member(log, "blockNumber"));
            if (!times.TryGetValue(block, out var time))
            {
                times.Add(block, time = await BlockTimeAsync(block, cancellationToken));
            }

            uses.Add(new UsedAuthorization(chain, asset, wallet, NonceOf(log, asset, wallet), time));
        }

        return uses;
    }

    private static void WriteFilter(Utf8JsonWriter json, EvmAddress asset, EvmAddress wallet, long fromBlock, long toBlock)
    {
        json.WriteStartObject();
        json.WriteString("address"u8, asset.ToString());
        json.WriteString("fromBlock"u8, ToQuantity(fromBlock));
        json.WriteString("toBlock"u8, ToQuantity(toBlock));
        json.WriteStartArray("topics"u8);
        json.WriteStringValue(AuthorizationUsedTopic.ToString());
        json.WriteStringValue(Topic(wallet).ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // A node that answers with logs we did not ask for is not believed.
    private static Bytes32 NonceOf(JsonElement log, EvmAddress asset, EvmAddress wallet)
    {
        var topics = Array(Member(log, "topics")).Select(topic => topic.GetString()).ToArray();
        var asked = topics.Length == 3
            && Bytes32.TryParse(topics[0], out var name) && name == AuthorizationUsedTopic
            && Bytes32.TryParse(topics[1], out var from) && from == Topic(wallet)
            && EvmAddress.TryParseIgnoringChecksum(Member(log, "address").GetString(), out var address) && address == asset;
        return asked && Bytes32.TryParse(topics[2], out var nonce) ? nonce : throw new EthRpcException("the node answered with a log that was not asked for");
    }

    private static Bytes32 Topic(EvmAddress address)
    {
        Span<byte> word = stackalloc byte[Bytes32.Length];
        word.Clear();
        address.CopyTo(word[(Bytes32.Length - EvmAddress.Length)..]);
        return new Bytes32(word);
    }

    private async Task<JsonDocument> CallAsync(string method, Action<Utf8JsonWriter> parameters, CancellationToken cancellationToken)
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

        try
        {
            var bytes = await Patience.ExecuteAsync(async token => await PostAsync(body.ToArray(), token), cancellationToken);
            return JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new EthRpcException($"{method}: {e.Message}", e);
        }
    }

    private async Task<byte[]> PostAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await client.PostAsync(default(Uri), content, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    private static JsonElement Result(JsonDocument answer) =>
        answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("result", out var result) && result.ValueKind != JsonValueKind.Null
            ? result
            : throw new EthRpcException("the node answered without a result");

    private static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : throw new EthRpcException($"the node's answer lacks `{name}`");

    private static JsonElement.ArrayEnumerator Array(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : throw new EthRpcException("the node answered without a list");

    private static long Quantity(JsonElement element) =>
        element.ValueKind == JsonValueKind.String
        && element.GetString() is { Length: > 2 and <= 17 } text
        && text.StartsWith("0x", StringComparison.Ordinal)
        && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
        && value >= 0
            ? value
            : throw new EthRpcException("the node answered without a number");

    private static string ToQuantity(long value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}

/// <summary>A node failed, or answered something that can't be used.</summary>
internal sealed class EthRpcException(string message, Exception? inner = null) : Exception(message, inner);
