using System.Globalization;
using System.Net;

namespace SmartProxy.Tests.Limits;

/// <summary>
/// Attacks on the real process, one at a time, by two agents or by nobody in particular; another agent is served meanwhile and memory stays bounded.
/// With <c>SMARTPROXY_LONG=1</c> they are many times larger, and the healthy agent's times are told beside the idle ones.
/// </summary>
public sealed class ExhaustionTests(ProcessLab lab, SingleProgram single) : IClassFixture<ProcessLab>, IClassFixture<SingleProgram>
{
    private const long MegaByte = 1024 * 1024;
    private const long LongBound = 1_500 * MegaByte;
    private const int Samples = 30;
    private static readonly int Rounds = ProcessLab.IsLong ? 5 : 1;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(ProcessLab.IsLong ? 3 : 0);
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(ProcessLab.IsLong ? 2 : 0);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Attack.SlowHeads)]
    [InlineData(Attack.SlowBodies)]
    [InlineData(Attack.SlowReaders)]
    [InlineData(Attack.IdleTunnels)]
    [InlineData(Attack.BlindTunnels)]
    [InlineData(Attack.Bombs)]
    [InlineData(Attack.EndlessTerms)]
    [InlineData(Attack.Uploads)]
    public Task An_attack_hurts_nobody_else(string name) => AttackAsync(lab.Proxy, name);

    [Theory]
    [InlineData(256, true)]
    [InlineData(512, false)]
    public async Task With_few_files_the_silent_make_room_and_the_healthy_are_served(int openFiles, bool isSingle)
    {
        await using var proxy = await ProxyProcess.StartAsync(
            lab.Authority, new() { ["Connections:HeadSeconds"] = 30 }, openFiles: openFiles, program: isSingle ? await single.PathAsync() : null);
        await AttackAsync(proxy, Attack.Silence);
    }

    [Fact]
    public async Task With_fewer_files_than_the_runtime_needs_it_does_not_start_and_says_what_to_do()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => ProxyProcess.StartAsync(lab.Authority, [], openFiles: 256));

        Assert.Contains("files or more may be open at once, found 256 (`ulimit -n`): raise that limit", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(512, false)]
    [InlineData(1_024, false)]
    public async Task Who_asks_more_hosts_than_there_are_files_hurts_nobody_else(int openFiles, bool isSingle)
    {
        var hosts = Enumerable.Range(0, openFiles).Select(i => $"127.0.{1 + (i / 250)}.{1 + (i % 250)}:{lab.Enemy.Port}").ToList();
        await using var proxy = await ProxyProcess.StartAsync(lab.Authority, [], hosts, openFiles, program: isSingle ? await single.PathAsync() : null);
        using var healthy = proxy.As("you");
        using var crawler = proxy.As("me");
        var answers = new HashSet<HttpStatusCode>();
        foreach (var host in hosts)
        {
            using var answer = await crawler.GetAsync($"http://{host}/", Stop);
            answers.Add(answer.StatusCode);
            Assert.Equal("served", await healthy.GetStringAsync($"http://{lab.Authority}/", Stop));
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], answers);
        using var newcomer = proxy.As("you", isFresh: true);
        await AskAsync(newcomer, Task.CompletedTask);
    }

    /// <remarks>1. Idle. 2. The attackers come, all at once, and what they do first is done. 3. They hold on. 4. They leave, and it is as before.</remarks>
    private async Task AttackAsync(ProxyProcess proxy, string name)
    {
        var attack = Attack.Of(name);
        var count = ProcessLab.IsLong ? attack.Count : attack.ShortCount;
        var (idle, onset, during) = (new List<TimeSpan>(), new List<TimeSpan>(), new List<TimeSpan>());
        using var healthy = proxy.As("you");
        await AskAsync(healthy, Task.Delay(Span, Stop));
        for (var round = 0; round < Rounds; round++)
        {
            idle.Add(await AskAsync(healthy, Task.Delay(Span, Stop)));
            var before = proxy.MemoryBytes;
            try
            {
                onset.Add(await AskAsync(healthy, ComeAsync(proxy, name, count)));
                during.Add(await AskAsync(healthy, Task.Delay(Span, Stop)));
                using var newcomer = proxy.As("you", isFresh: true);
                await AskAsync(newcomer, Task.CompletedTask);
                Assert.InRange(proxy.MemoryBytes, 0, ProcessLab.IsLong ? LongBound : before + (attack.Growth * MegaByte));
                await lab.Enemy.ExpectAsync();
            }
            finally
            {
                TestContext.Current.TestOutputHelper?.WriteLine(await lab.Enemy.StopAsync());
            }

            await RecoverAsync(proxy);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {count} attackers, p99 idle {Middle(idle):F2} ms, onset {Middle(onset):F2}, during {Middle(during):F2}; memory {proxy.MemoryBytes / MegaByte} MiB"));
    }

    private async Task ComeAsync(ProxyProcess proxy, string name, int count)
    {
        await lab.Enemy.AttackAsync(name, proxy, count);
        await Task.Delay(Span, Stop);
    }

    private static double Middle(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2).TotalMilliseconds;

    // The agents that attacked are served again, too.
    private async Task RecoverAsync(ProxyProcess proxy)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(Recovery);
        foreach (var agent in new[] { "me", "them" })
        {
            using var client = proxy.As(agent, isFresh: true);
            while ((await client.GetAsync($"http://{lab.Authority}/", deadline.Token)).StatusCode != HttpStatusCode.OK)
            {
                await Task.Delay(50, deadline.Token);
            }
        }
    }

    // The 99th percentile of the times of one asking after the other, until something ends and enough are in.
    private async Task<TimeSpan> AskAsync(HttpClient client, Task until)
    {
        var times = new List<TimeSpan>();
        while (times.Count < Samples || !until.IsCompleted)
        {
            await Task.Delay(Gap, Stop);
            var start = TimeProvider.System.GetTimestamp();
            Assert.Equal("served", await client.GetStringAsync($"http://{lab.Authority}/", Stop));
            times.Add(TimeProvider.System.GetElapsedTime(start));
        }

        await until;
        times.Sort();
        return times[(int)(times.Count * 0.99)];
    }
}
