using System.Text;
using SmartProxy.Forwarding.Origins;

namespace SmartProxy.Tests.Forwarding.Origins;

/// <summary>Interim answers are counted in heads alone, and in each of them; and nobody keeps a thread by always having more.</summary>
public sealed class UpstreamConnectionTests
{
    private static readonly string Flood = string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", UpstreamConnection.MaxInterims + 1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_read_while_the_request_is_still_uploaded_is_the_answers_body_and_no_head()
    {
        UpstreamConnection.Watch();
        await using var connection = new UpstreamConnection(new Scripted("HTTP/1.1 200 OK\r\n\r\n", "\n\ndata xx 1AA\n\n", Flood));

        await AskAsync(connection);
        for (var i = 0; i < 3; i++)
        {
            await ReadAsync(connection);
            await AskAsync(connection); // a piece of the upload
        }
    }

    [Fact]
    public async Task A_further_request_on_the_connection_is_watched_again()
    {
        UpstreamConnection.Watch();
        await using var connection = new UpstreamConnection(new Scripted("HTTP/1.1 200 OK\r\n\r\n", Flood));
        await AskAsync(connection);
        await ReadAsync(connection);

        UpstreamConnection.Watch();
        await AskAsync(connection);
        await Assert.ThrowsAsync<IOException>(() => ReadAsync(connection));
    }

    [Fact]
    public async Task An_origin_that_always_has_more_leaves_the_others_a_turn()
    {
        await using var connection = new UpstreamConnection(new Endless());
        var (buffer, turns) = (new byte[1024], 0);
        for (var i = 0; i < 100 * UpstreamConnection.ReadsInTurn; i++)
        {
            var read = connection.ReadAsync(buffer, Token);
            turns += read.IsCompleted ? 0 : 1;
            Assert.Equal(buffer.Length, await read);
        }

        // The others may have nothing to do: then a turn is over at once.
        Assert.InRange(turns, 1, 100);
    }

    private static async Task AskAsync(UpstreamConnection connection) => await connection.WriteAsync("x"u8.ToArray(), Token);

    private static async Task ReadAsync(UpstreamConnection connection) => _ = await connection.ReadAsync(new byte[64 * 1024], Token);

    private sealed class Scripted(params string[] reads) : MemoryStream
    {
        private readonly Queue<string> _reads = new(reads);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Encoding.ASCII.GetBytes(_reads.Dequeue(), buffer.Span));
    }

    private sealed class Endless : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(buffer.Length);
    }
}
