using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SmartProxy.Chain;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Chain;

/// <summary>A chain in memory with one EIP-3009 token, as far as a payer's books look at it.</summary>
internal sealed class FakeChain
{
    private readonly List<JsonObject> _pending = [];
    private readonly HashSet<(EvmAddress Wallet, Bytes32 Nonce)> _pendingStates = [];
    private int _transactions;

    public FakeChain(DateTimeOffset genesis, string branch = "main")
    {
        Branch = branch;
        Mine(genesis);
    }

    public ChainId Id { get; } = new(84532);

    public string Branch { get; set; }

    public List<FakeBlock> Blocks { get; } = [];

    public UInt128 Balance { get; set; } = 1_000_000_000;

    /// <summary>The same blocks, from which another branch can grow.</summary>
    public FakeChain Fork(string branch, int blocks)
    {
        var fork = new FakeChain(Blocks[0].Time, branch);
        fork.Blocks.Clear();
        fork.Blocks.AddRange(Blocks.Take(blocks));
        return fork;
    }

    public FakeBlock Mine(DateTimeOffset time)
    {
        var number = Blocks.Count;
        var hash = Bytes32.Sha256(Encoding.UTF8.GetBytes($"{Branch} {number}"));
        foreach (var (log, index) in _pending.Select((log, index) => (log, index)))
        {
            log["blockNumber"] = Quantity(number);
            log["blockHash"] = hash.ToString();
            log["logIndex"] = Quantity(index);
        }

        var states = Blocks.Count == 0 ? [] : Blocks[^1].States.ToHashSet();
        states.UnionWith(_pendingStates);
        Blocks.Add(new FakeBlock(number, hash, time, [.. _pending], states, Balance));
        _pending.Clear();
        _pendingStates.Clear();
        return Blocks[^1];
    }

    /// <summary>Settles an authorization as the token does: used, then transferred, in one transaction.</summary>
    public void Use(TransferAuthorization authorization, EvmAddress? to = null, UInt128? value = null, string? transaction = null)
    {
        var (terms, hash) = (authorization.Terms, transaction ?? NewTransaction());
        Tell(terms.Asset, WalletLogs.UsedTopic, terms.From, authorization.Nonce, null, hash);
        Tell(terms.Asset, WalletLogs.TransferTopic, terms.From, EthJson.WordOf(to ?? terms.To), value ?? terms.Value.Units, hash);
        _pendingStates.Add((terms.From, authorization.Nonce));
        Balance -= value ?? terms.Value.Units;
    }

    /// <summary>As used, without its transfer.</summary>
    public void UseOnly(TransferAuthorization authorization)
    {
        Tell(authorization.Terms.Asset, WalletLogs.UsedTopic, authorization.Terms.From, authorization.Nonce, null, NewTransaction());
        _pendingStates.Add((authorization.Terms.From, authorization.Nonce));
    }

    public void Cancel(TransferAuthorization authorization)
    {
        Tell(authorization.Terms.Asset, WalletLogs.CanceledTopic, authorization.Terms.From, authorization.Nonce, null, NewTransaction());
        _pendingStates.Add((authorization.Terms.From, authorization.Nonce));
    }

    /// <summary>Token units that come in, in one transaction.</summary>
    public void Receive(EvmAddress asset, EvmAddress from, EvmAddress to, UInt128 value)
    {
        Transfer(asset, from, to, value);
        Balance += value;
    }

    /// <summary>What a thief with the key does: no decision explains it.</summary>
    public void Steal(EvmAddress asset, EvmAddress from, EvmAddress to, UInt128 value)
    {
        Transfer(asset, from, to, value);
        Balance -= value;
    }

    public void Transfer(EvmAddress asset, EvmAddress from, EvmAddress to, UInt128 value) =>
        Tell(asset, WalletLogs.TransferTopic, from, EthJson.WordOf(to), value, NewTransaction());

    public string NewTransaction() => Bytes32.Sha256(Encoding.UTF8.GetBytes($"{Branch} transaction {++_transactions}")).ToString();

    public static string Quantity(long value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private void Tell(EvmAddress asset, Bytes32 topic, EvmAddress wallet, Bytes32 subject, UInt128? value, string transaction) => _pending.Add(new JsonObject
    {
        ["address"] = asset.ToString(),
        ["topics"] = new JsonArray(topic.ToString(), EthJson.WordOf(wallet).ToString(), subject.ToString()),
        ["data"] = value is { } units ? Word(units) : "0x",
        ["transactionHash"] = transaction,
        ["removed"] = false,
    });

    public static string Word(UInt128 value) => "0x" + value.ToString("x64", CultureInfo.InvariantCulture);
}

internal sealed record FakeBlock(long Number, Bytes32 Hash, DateTimeOffset Time, IReadOnlyList<JsonObject> Logs, HashSet<(EvmAddress Wallet, Bytes32 Nonce)> States, UInt128 Balance);

/// <summary>A node of a <see cref="FakeChain"/> that answers JSON-RPC, honestly unless it is told otherwise.</summary>
internal sealed class FakeNode(FakeChain chain) : HttpMessageHandler
{
    public FakeChain Chain { get; set; } = chain;

    /// <summary>How many blocks it has not seen yet.</summary>
    public int Behind { get; set; }

    /// <summary>How many blocks its <c>finalized</c> is below its newest.</summary>
    public int Unfinal { get; set; } = 1;

    /// <summary>May change the answer to a method.</summary>
    public Func<string, JsonNode, JsonNode?> Lie { get; set; } = (_, answer) => answer;

    public List<string> Asked { get; } = [];

    public EthRpc Rpc(string name) => new(new HttpClient(this, disposeHandler: false) { BaseAddress = new Uri($"http://{name}.test/"), MaxResponseContentBufferSize = 1 << 20 });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var asked = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
        var (method, parameters) = (asked["method"]!.GetValue<string>(), asked["params"]!.AsArray());
        lock (Asked)
        {
            Asked.Add(method);
        }

        var answer = Answer(method, parameters);
        var result = answer is null ? null : Lie(method, answer);
        var text = result is null ? """{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"unknown block"}}""" : $$"""{"jsonrpc":"2.0","id":1,"result":{{result.ToJsonString()}}}""";
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
    }

    private JsonNode? Answer(string method, JsonArray parameters)
    {
        var newest = Chain.Blocks.Count - 1 - Behind;
        return method switch
        {
            "eth_chainId" => JsonValue.Create(FakeChain.Quantity((long)Chain.Id.Value)),
            "eth_blockNumber" => JsonValue.Create(FakeChain.Quantity(newest)),
            "eth_getBlockByNumber" => Header(parameters[0]!.GetValue<string>() switch
            {
                "latest" => newest,
                "finalized" => Math.Max(0, newest - Unfinal),
                var number => Number(number),
            }, newest),
            "eth_call" => Call(parameters, newest),
            "eth_getLogs" => Logs(parameters[0]!.AsObject(), newest),
            _ => null,
        };
    }

    private JsonObject? Header(long number, long newest)
    {
        if (number > newest)
        {
            return null;
        }

        var block = Chain.Blocks[(int)number];
        return new JsonObject { ["number"] = FakeChain.Quantity(block.Number), ["hash"] = block.Hash.ToString(), ["timestamp"] = FakeChain.Quantity(block.Time.ToUnixTimeSeconds()) };
    }

    private JsonValue? Call(JsonArray parameters, long newest)
    {
        var (data, hash) = (parameters[0]!["data"]!.GetValue<string>(), parameters[1]!["blockHash"]!.GetValue<string>());
        var block = Chain.Blocks.Take((int)newest + 1).FirstOrDefault(block => block.Hash.ToString() == hash);
        if (block is null)
        {
            return null;
        }

        if (data.Length == 10 + 64)
        {
            return JsonValue.Create(FakeChain.Word(block.Balance));
        }

        var wallet = EvmAddress.Parse("0x" + data[34..74]);
        _ = Bytes32.TryParse("0x" + data[74..138], out var nonce);
        return JsonValue.Create(FakeChain.Word(block.States.Contains((wallet, nonce)) ? 1u : 0u));
    }

    private JsonArray Logs(JsonObject filter, long newest)
    {
        var (from, to) = (Number(filter["fromBlock"]!.GetValue<string>()), Number(filter["toBlock"]!.GetValue<string>()));
        var topics = Texts(filter["topics"]![0]!);
        var place = filter["topics"]![1] is null ? 2 : 1;
        var wallets = Texts(filter["topics"]![place]!);
        var logs = Chain.Blocks.Where(block => block.Number >= from && block.Number <= Math.Min(to, newest)).SelectMany(block => block.Logs)
            .Where(log => topics.Contains(log["topics"]![0]!.GetValue<string>()) && wallets.Contains(log["topics"]![place]!.GetValue<string>()));
        return [.. logs.Select(log => log.DeepClone())];
    }

    private static string[] Texts(JsonNode node) => node is JsonArray many ? [.. many.Select(one => one!.GetValue<string>())] : [node.GetValue<string>()];

    private static long Number(string quantity) => long.Parse(quantity.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
