using System.Globalization;
using System.Net;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>
/// Attacks on the real process, one at a time, by one agent or by nobody in particular; another agent is served meanwhile and memory stays bounded.
/// With <c>SMARTPROXY_LONG=1</c> they are many times larger, and the healthy agent's times are told beside the idle ones.
/// </summary>
public sealed class ExhaustionTests(ProcessLab lab) : IClassFixture<ProcessLab>, IDisposable
{
    private const long MegaByte = 1024 * 1024;
    private static readonly int Connections = ProcessLab.IsLong ? 2_000 : 60;
    private static readonly int Samples = ProcessLab.IsLong ? 1_000 : 30;
    private static readonly long MemoryBound = (ProcessLab.IsLong ? 1_200 : 700) * MegaByte;

    private readonly List<IDisposable> _held = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static bool IsLong => ProcessLab.IsLong;

    [Fact]
    public async Task Slow_heads_of_strangers_are_cut_off_and_hurt_nobody()
    {
        var proxy = lab.Proxy;
        await AttackAsync(proxy, async number =>
        {
            var client = await HoldAsync(proxy);
            await client.SendAsync(number % 2 == 0 ? "CONNECT a.te" : $"GET http://{lab.Authority}/ HTTP/1.1\r\nHost: x", Stop);
            var end = await client.ReadToEndAsync(Stop);
            return end is "" ? "HTTP/1.1 408 in silence, as nothing was asked yet" : end;
        }, "HTTP/1.1 408 ");
    }

    [Fact]
    public async Task Slow_bodies_are_cut_off_and_hurt_nobody()
    {
        var proxy = lab.Proxy;
        await AttackAsync(proxy, async _ =>
        {
            var client = await HoldAsync(proxy);
            await client.SendAsync(Head("POST", "/sink", "me", "Content-Length: 1000000\r\n") + "x", Stop);
            return await client.ReadToEndAsync(Stop);
        }, "HTTP/1.1 408 ");
    }

    [Fact]
    public async Task Slow_readers_hold_little_memory_and_hurt_nobody()
    {
        var proxy = lab.Proxy;
        await AttackAsync(proxy, async _ =>
        {
            var client = await HoldAsync(proxy);
            await client.SendAsync(Head("GET", "/endless", "me"), Stop);
            return await client.ReadHeadAsync(Stop);
        }, "HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Idle_tunnels_are_cheap_and_hurt_nobody()
    {
        var proxy = lab.Proxy;
        await AttackAsync(proxy, async _ =>
        {
            var client = await HoldAsync(proxy);
            await client.SendAsync($"CONNECT {lab.Authority} HTTP/1.1\r\nHost: {lab.Authority}\r\nProxy-Authorization: {proxy.CredentialsOf("me")}\r\n\r\n", Stop);
            return await client.ReadHeadAsync(Stop);
        }, "HTTP/1.1 200 ", IsLong ? 5_000 : 300);
    }

    [Theory]
    [InlineData("/bomb")]
    [InlineData("/endless402")]
    public async Task Terms_without_end_are_read_as_far_as_terms_go(string path)
    {
        var proxy = lab.Proxy;
        await AttackAsync(proxy, async _ =>
        {
            var client = await HoldAsync(proxy);
            await client.SendAsync(Head("GET", path, "me"), Stop);
            return await client.ReadHeadAsync(Stop);
        }, "HTTP/1.1 402 ", IsLong ? 500 : 20);
    }

    [Fact]
    public async Task Bodies_beyond_all_memory_for_them_pass_without_being_retained()
    {
        var proxy = lab.Proxy;
        await AttackAsync(proxy, async _ =>
        {
            using var client = proxy.As("me", isFresh: true);
            using var answer = await client.PostAsync($"http://{lab.Authority}/sink", new ByteArrayContent(new byte[4 * MegaByte]), Stop);
            return answer.StatusCode.ToString();
        }, nameof(HttpStatusCode.OK), IsLong ? 200 : 20);
    }

    [Fact]
    public async Task With_few_files_the_silent_make_room_and_the_healthy_are_served()
    {
        await using var proxy = await ProxyProcess.StartAsync(lab.Authority, new() { ["Connections:HeadSeconds"] = 30 }, openFiles: 256);
        await AttackAsync(proxy, async number =>
        {
            var client = await HoldAsync(proxy);
            await client.SendAsync("GET http", Stop);
            return await client.ReadToEndAsync(Stop);
        }, took: null);
    }

    public void Dispose()
    {
        lock (_held)
        {
            _held.ForEach(held => held.Dispose());
        }
    }

    /// <remarks>1. Idle. 2. All attackers at once; the healthy agent asks until enough samples are in. 3. They leave, and it is as before.</remarks>
    /// <param name="proxy">The process.</param>
    /// <param name="attack">What one attacker does, and what it got.</param>
    /// <param name="took">How what an attacker got begins where the attack took hold; null where attackers are not waited for.</param>
    /// <param name="count">How many attackers.</param>
    private async Task AttackAsync(ProxyProcess proxy, Func<int, Task<string>> attack, string? took, int? count = null)
    {
        using var healthy = proxy.As("you");
        await AskAsync(healthy, Samples);
        var idle = await AskAsync(healthy, Samples);

        var attackers = Enumerable.Range(0, count ?? Connections).Select(number => Task.Run(() => TryAsync(attack, number))).ToArray();
        var fresh = proxy.As("you", isFresh: true);
        var during = await AskAsync(healthy, Samples);
        var newcomers = await AskAsync(fresh, 5);
        if (took is not null)
        {
            // An attack that is turned away at once attacks nothing: most have to take hold.
            var got = await Task.WhenAll(attackers);
            Assert.True(got.Count(answer => answer.StartsWith(took, StringComparison.Ordinal)) > attackers.Length / 2, string.Join('\n', got.Distinct().Take(5)));
        }

        var memory = proxy.MemoryBytes;
        Assert.InRange(memory, 0, MemoryBound);
        lock (_held)
        {
            _held.ForEach(held => held.Dispose());
        }

        var after = await AskAsync(healthy, Samples);
        fresh.Dispose();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{TestContext.Current.TestMethod?.MethodName}: {attackers.Length} attackers, p99 idle {idle.TotalMilliseconds:F1} ms, during {during.TotalMilliseconds:F1}, new connections {newcomers.TotalMilliseconds:F1}, after {after.TotalMilliseconds:F1}; memory {memory / MegaByte} MiB"));
    }

    // An attacker that is turned away has had its say.
    private static async Task<string> TryAsync(Func<int, Task<string>> attack, int number)
    {
        try
        {
            return await attack(number);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return "turned away";
        }
    }

    private async Task<TimeSpan> AskAsync(HttpClient client, int count)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < count; i++)
        {
            var start = TimeProvider.System.GetTimestamp();
            Assert.Equal("served", await client.GetStringAsync($"http://{lab.Authority}/", Stop));
            times.Add(TimeProvider.System.GetElapsedTime(start));
        }

        times.Sort();
        return times[(int)(times.Count * 0.99)];
    }

    private async Task<RawClient> HoldAsync(ProxyProcess proxy)
    {
        var client = await proxy.ConnectAsync();
        lock (_held)
        {
            _held.Add(client);
        }

        return client;
    }

    private string Head(string method, string path, string agent, string more = "") =>
        $"{method} http://{lab.Authority}{path} HTTP/1.1\r\nHost: {lab.Authority}\r\nProxy-Authorization: {lab.Proxy.CredentialsOf(agent)}\r\n{more}\r\n";
}
