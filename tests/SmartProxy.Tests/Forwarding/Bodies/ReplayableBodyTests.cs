using SmartProxy.Forwarding.Bodies;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding.Bodies;

public sealed class ReplayableBodyTests
{
    private const int Limit = 40_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(16_384, true)]
    [InlineData(16_385, true)]
    [InlineData(Limit - 1, true)]
    [InlineData(Limit, true)]
    [InlineData(Limit + 1, false)]
    [InlineData(200_000, false)]
    public async Task A_body_up_to_the_limit_is_read_twice_and_a_larger_one_once(int size, bool isReplayable)
    {
        var bytes = Bytes(size);
        var budget = Budget();
        await using (var body = new ReplayableBody(new MemoryStream(bytes), Limit, budget.Of(Me)))
        {
            Assert.Equal(bytes, await ReadAllAsync(body));
            Assert.Equal(isReplayable, body.IsReplayable);
            if (isReplayable)
            {
                Assert.True(await body.CompleteAsync(Token));
                Assert.Equal(Bytes32.Sha256(bytes), body.Digest());
                body.Rewind();
                Assert.Equal(bytes, await ReadAllAsync(body));
            }
            else
            {
                Assert.Throws<InvalidOperationException>(body.Rewind);
            }
        }

        Assert.Equal(Budget().Left, budget.Left);
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing_and_never_reaches_the_source()
    {
        var source = new SlowStream();
        await using var body = new ReplayableBody(source, Limit, Share());
        using var cancel = new CancellationTokenSource();
        var read = body.ReadAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        source.Next.SetResult([1, 2, 3]);

        body.Rewind();
        var buffer = new byte[10];
        Assert.Equal(3, await body.ReadAsync(buffer, Token));
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.False(source.SawCancellableToken);
    }

    [Fact]
    public async Task A_replay_goes_on_from_what_is_retained_into_what_is_still_arriving()
    {
        var source = new SlowStream();
        await using var body = new ReplayableBody(source, Limit, Share());
        source.Next.SetResult([1, 2]);
        var buffer = new byte[10];
        Assert.Equal(2, await body.ReadAsync(buffer, Token));

        source.Next = new();
        source.Next.SetResult([3]);
        source.IsEnd = true;
        Assert.True(await body.CompleteAsync(Token));
        body.Rewind();

        Assert.Equal([1, 2, 3], await ReadAllAsync(body));
    }

    [Fact]
    public async Task A_read_without_room_consumes_nothing()
    {
        await using var body = new ReplayableBody(new MemoryStream([7]), Limit, Share());

        Assert.Equal(0, await body.ReadAsync(Memory<byte>.Empty, Token));
        Assert.Equal([7], await ReadAllAsync(body));
    }

    [Theory]
    [InlineData(100, 100, true)]
    [InlineData(100, 99, false)]
    [InlineData(Limit, Limit, false)]
    [InlineData(100_000, 65_536, false)]
    public async Task A_peek_keeps_every_byte_for_the_reader(int size, int peek, bool isWhole)
    {
        var bytes = Bytes(size);
        await using var body = new ReplayableBody(new MemoryStream(bytes), Limit, Share());

        Assert.Equal(isWhole, await body.PeekAsync(peek, Token));
        Assert.Equal(bytes, await ReadAllAsync(body));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_memory_a_body_passes_but_is_not_retained(bool isPeeked)
    {
        var bytes = Bytes(30_000);
        await using var body = new ReplayableBody(new MemoryStream(bytes), Limit, Budget(20_000).Of(Me));
        if (isPeeked)
        {
            Assert.False(await body.PeekAsync(65_536, Token));
        }

        Assert.Equal(bytes, await ReadAllAsync(body));
        Assert.False(body.IsReplayable);
        Assert.False(await body.CompleteAsync(Token));
    }

    [Fact]
    public async Task A_released_body_still_passes_and_gives_its_memory_back()
    {
        var bytes = Bytes(30_000);
        var budget = Budget();
        await using var body = new ReplayableBody(new MemoryStream(bytes), Limit, budget.Of(Me));
        var first = new byte[10];
        await body.ReadExactlyAsync(first, Token);
        body.Release();

        Assert.Equal(bytes, first.Concat(await ReadAllAsync(body)));
        Assert.Equal(Budget().Left, budget.Left);
        Assert.False(body.IsReplayable);
    }

    [Fact]
    public void One_agent_holds_no_more_than_its_share_and_all_together_no_more_than_the_sum()
    {
        var budget = new ReplayBudget(Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { ReplayBudgetBytes = 100, ReplayAgentBytes = 40 }));
        var (mine, yours) = (budget.Of(Me), budget.Of(new AgentId("you")));

        Assert.True(mine.TryTake(40));
        Assert.False(mine.TryTake(1));
        Assert.True(yours.TryTake(40));
        Assert.True(budget.Of(new AgentId("third")).TryTake(20));
        Assert.False(budget.Of(new AgentId("fourth")).TryTake(1));
        Assert.Same(mine, budget.Of(Me));

        mine.Give(40);
        Assert.Equal(40, budget.Left);
    }

    [Fact]
    public void No_agent_holds_more_than_half_whatever_the_setting_of_its_share()
    {
        var budget = new ReplayBudget(Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { ReplayBudgetBytes = 100, ReplayAgentBytes = 1_000 }));
        Assert.True(budget.Of(Me).TryTake(50));
        Assert.False(budget.Of(Me).TryTake(1));
        Assert.True(budget.Of(new AgentId("you")).TryTake(50));
    }

    private static AgentId Me { get; } = new("me");

    private static ReplayBudget Budget(long bytes = 1_000_000) =>
        new(Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { ReplayBudgetBytes = bytes }));

    private static ReplayBudget.Share Share() => Budget().Of(Me);

    private static byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadAllAsync(Stream body)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all, Token);
        return all.ToArray();
    }

    /// <summary>Gives what the test says, when the test says so.</summary>
    private sealed class SlowStream : MemoryStream
    {
        public TaskCompletionSource<byte[]> Next { get; set; } = new();

        public bool IsEnd { get; set; }

        public bool SawCancellableToken { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            SawCancellableToken |= cancellationToken.CanBeCanceled;
            var bytes = await Next.Task;
            bytes.CopyTo(buffer);
            if (IsEnd)
            {
                Next = new();
                Next.SetResult([]);
            }

            return bytes.Length;
        }
    }
}
