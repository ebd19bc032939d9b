using System.Net;
using System.Text;
using SmartProxy.Chain;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Chain;

public sealed class EthRpcTests
{
    private static readonly EvmAddress Asset = EvmAddress.Parse("0x036cbd53842c5426634e7929541ec2318f3dcf7e");
    private static readonly EvmAddress Wallet = EvmAddress.Parse("0x2222222222222222222222222222222222222222");

    private static string Padded => "0x" + new string('0', 24) + Wallet.ToString()[2..];

    [Fact]
    public async Task Used_authorizations_are_read_with_the_time_of_their_block()
    {
        var nonce = Bytes32.Sha256("nonce"u8);
        using var node = new Node(
            $$"""{"jsonrpc":"2.0","id":1,"result":[{"address":"{{Asset}}","topics":["{{WalletLogs.UsedTopic}}","{{Padded}}","{{nonce}}"],"blockNumber":"0x10","blockHash":"{{nonce}}","transactionHash":"{{nonce}}","logIndex":"0x0","data":"0x"}]}""",
            $$"""{"jsonrpc":"2.0","id":1,"result":{"number":"0x10","hash":"{{nonce}}","timestamp":"0x65e2d5a0"} }""");
        var uses = await Read(node);

        var used = Assert.Single(uses);
        Assert.Equal((nonce, DateTimeOffset.FromUnixTimeSeconds(0x65e2d5a0)), (used.Nonce, used.BlockTime));
        Assert.Contains("\"fromBlock\":\"0x1\",\"toBlock\":\"0x10\"", node.Asked[0], StringComparison.Ordinal);
        Assert.Contains(Padded, node.Asked[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_topic_is_the_one_of_eip_3009() =>
        Assert.Equal("0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5", WalletLogs.UsedTopic.ToString());

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"limit exceeded"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":[{"blockNumber":"0x10"}]}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":[{"blockNumber":16}]}""")]
    [InlineData("not json")]
    public async Task What_a_node_should_not_answer_is_an_error_and_never_an_empty_list(string answer)
    {
        using var node = new Node(answer, """{"jsonrpc":"2.0","id":1,"result":{"timestamp":"0x1"}}""");
        await Assert.ThrowsAsync<EthRpcException>(() => Read(node));
    }

    private static async Task<IReadOnlyList<SmartProxy.Ledger.UsedAuthorization>> Read(Node node)
    {
        using var client = new HttpClient(node, disposeHandler: false) { BaseAddress = new Uri("http://node.test/") };
        return await new EthRpc(client).AuthorizationsUsedAsync(new ChainId(84532), Asset, Wallet, 1, 16, TestContext.Current.CancellationToken);
    }

    private sealed class Node(params string[] answers) : HttpMessageHandler
    {
        private readonly Queue<string> _answers = new(answers);

        public List<string> Asked { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(_answers.Dequeue(), Encoding.UTF8, "application/json") };
        }
    }
}
