using System.Buffers.Binary;
using System.Text;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Options;
using SmartProxy.Protocol;
using SmartProxy.Protocol.Mpp;

namespace SmartProxy.Tests.Forwarding.Bodies;

/// <summary>Nobody pays around the policy inside a WebSocket, and everything else passes byte for byte.</summary>
public sealed class WebSocketGuardTests
{
    private const string Payment = """{"mpp":"authorization","authorization":"Payment abc"}""";

    private const long Share = 4 * 1024 * 1024;
    private const long All = 4 * Share;

    public static TheoryData<string, byte[]> Harmless => new()
    {
        { "a short text", Frame(Text(1, "hello")) },
        { "two fragments with a ping between", [.. Frame(Text(1, "he"), isLast: false), .. Frame(Text(9, "")), .. Frame(Text(0, "llo"))] },
        { "a long binary message", Frame((2, new byte[70_000])) },
        { "more than is looked into", Frame((2, new byte[WebSocketGuard.MaxMessage + 5_000])) },
        { "more than is looked into, in fragments", [.. Frame((2, new byte[700_000]), isLast: false), .. Frame((0, new byte[700_000]), isLast: false), .. Frame((0, new byte[700_000]))] },
        { "json that only talks of payments", Frame(Text(1, """{"text":"mpp authorization x402/payment"}""")) },
    };

    public static TheoryData<string, byte[]> Payments => new()
    {
        { "in one frame", Frame(Text(1, Payment)) },
        { "as binary", Frame(Text(2, Payment)) },
        { "in fragments", [.. Frame(Text(1, Payment[..9]), isLast: false), .. Frame(Text(9, "ping")), .. Frame(Text(0, Payment[9..]))] },
        { "with escapes", Frame(Text(1, """{"\u006dpp":"authorization"}""")) },
        { "behind padding", Frame(Text(1, new string(' ', 200_000) + Payment)) },
        { "after a long message", [.. Frame((2, new byte[1_100_000]), isLast: false), .. Frame(Text(0, "x")), .. Frame(Text(1, Payment))] },
        { "after a harmless message", [.. Frame(Text(1, "hello")), .. Frame(Text(1, Payment))] },
    };

    [Theory, MemberData(nameof(Harmless))]
    public async Task Every_byte_of_a_harmless_conversation_passes(string name, byte[] sent)
    {
        foreach (var chunk in new[] { 1, 7, 4096, int.MaxValue })
        {
            Assert.True((await PassAsync(sent, chunk)).SequenceEqual(sent), name);
            if (sent.Length > 10_000 && chunk < 4096)
            {
                break;
            }
        }
    }

    [Theory, MemberData(nameof(Payments))]
    public async Task The_last_frame_of_a_payment_does_not_pass(string name, byte[] sent)
    {
        var passed = new MemoryStream();
        await Assert.ThrowsAsync<AgentPaymentException>(() => PassAsync(sent, 4096, passed));

        Assert.True(passed.Length < sent.Length, name);
        Assert.DoesNotContain(Payment[9..], Encoding.Latin1.GetString(Unmasked(passed.ToArray())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_frame_of_a_client_ends_the_connection()
    {
        await Assert.ThrowsAsync<IOException>(() => PassAsync([0x81, 0x01, (byte)'x', 0, 0, 0], 4096));
        await Assert.ThrowsAsync<IOException>(() => PassAsync([0xC1, 0x81, 0, 0, 0, 0, (byte)'x'], 4096));
    }

    [Fact]
    public async Task Unfinished_messages_take_an_agents_share_and_no_more_and_another_agent_is_served()
    {
        var budget = Budget();
        var unfinished = Frame((2, new byte[1_000_000]), isLast: false);
        var (open, ended) = (new List<WebSocketGuard>(), 0);
        for (var i = 0; i < 20; i++)
        {
            open.Add(Guard(unfinished, 4096, budget.Of(Me)));
            ended += await Record.ExceptionAsync(() => ReadAsync(open[^1], new MemoryStream())) is MessageBudgetException ? 1 : 0;
            Assert.InRange(budget.Left, All - Share, All);
        }

        Assert.InRange(ended, 15, 18);
        await using (var other = Guard(Frame((2, new byte[1_000_000])), 4096, budget.Of(new AgentId("you"))))
        {
            var passed = new MemoryStream();
            await ReadAsync(other, passed);
            Assert.True(passed.Length > 1_000_000);
        }

        open.ForEach(guard => guard.Dispose());
        open.ForEach(guard => guard.Dispose());
        Assert.Equal(All, budget.Left);
    }

    private static AgentId Me { get; } = new("me");

    private static (byte Opcode, byte[] Payload) Text(byte opcode, string text) => (opcode, Encoding.UTF8.GetBytes(text));

    private static byte[] Frame((byte Opcode, byte[] Payload) frame, bool isLast = true)
    {
        var (opcode, payload) = frame;
        byte[] mask = [1, 2, 3, 4];
        var bytes = new MemoryStream();
        bytes.WriteByte((byte)((isLast ? 0x80 : 0) | opcode));
        Span<byte> size = stackalloc byte[8];
        switch (payload.Length)
        {
            case < 126:
                bytes.WriteByte((byte)(0x80 | payload.Length));
                break;
            case < 65_536:
                bytes.WriteByte(0x80 | 126);
                BinaryPrimitives.WriteUInt16BigEndian(size, (ushort)payload.Length);
                bytes.Write(size[..2]);
                break;
            default:
                bytes.WriteByte(0x80 | 127);
                BinaryPrimitives.WriteUInt64BigEndian(size, (ulong)payload.Length);
                bytes.Write(size);
                break;
        }

        bytes.Write(mask);
        bytes.Write([.. payload.Select((value, i) => (byte)(value ^ mask[i & 3]))]);
        return bytes.ToArray();
    }

    // Enough to find text of one short frame: the mask of these tests is applied at every offset of a frame's payload.
    private static byte[] Unmasked(byte[] bytes) => [.. bytes.Select((value, i) => (byte)(value ^ ((i & 3) + 1)))];

    private static async Task<byte[]> PassAsync(byte[] sent, int chunk, MemoryStream? passed = null)
    {
        passed ??= new MemoryStream();
        var budget = Budget();
        await using (var guard = Guard(sent, chunk, budget.Of(Me)))
        {
            await ReadAsync(guard, passed);
            if (passed.Length == sent.Length)
            {
                Assert.Equal(All, budget.Left); // nothing is held of what is over
            }
        }

        return passed.ToArray();
    }

    private static MessageBudget Budget() =>
        new(Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { MessageBudgetBytes = All, MessageAgentBytes = Share }));

    private static WebSocketGuard Guard(byte[] sent, int chunk, AgentQuota.Share share) =>
        new(new Dripping(sent, chunk), share, message => PaymentCredentials.FindInFrame(message.Span));

    private static async Task ReadAsync(WebSocketGuard guard, MemoryStream passed)
    {
        var buffer = new byte[5_000];
        while (await guard.ReadAsync(buffer, TestContext.Current.CancellationToken) is var count and > 0)
        {
            passed.Write(buffer.AsSpan(0, count));
        }
    }

    /// <summary>Bytes that arrive in chunks of one size.</summary>
    private sealed class Dripping(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, chunk)], cancellationToken);
    }
}
