using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using SmartProxy.Tests.Forwarding;
using SmartProxy.Tests.Limits;

namespace SmartProxy.Tests.Conformance;

/// <summary>
/// Whatever an agent writes, the origin gets at most one request for it, in one strict form, whole or broken off, the agent at most one answer, and
/// never a byte of one agent is in the exchange of another. Behind each mutation a second agent asks for its marker over the same pooled connections.
/// </summary>
public sealed class SmugglingTests(WireLab lab) : IClassFixture<WireLab>
{
    private const int AtOnce = 8;

    /// <summary>How long an attacker waits for an answer where the proxy, rightly, waits for the rest of a body.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(400);

    [Fact]
    public void There_are_enough_mutations_and_all_differ()
    {
        Assert.InRange(SmugglingMutations.All.Count, 900, 2_000);
        Assert.Equal(SmugglingMutations.All.Count, SmugglingMutations.All.Select(m => m.Bytes).Distinct().Count());
    }

    [Theory, MemberData(nameof(WireLab.All), MemberType = typeof(WireLab))]
    public async Task No_mutation_smuggles_a_request_or_a_byte(Entry entry)
    {
        var origin = lab.OriginOf(entry);
        var failures = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, SmugglingMutations.All.Count),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (number, cancellationToken) =>
            {
                var (name, bytes) = SmugglingMutations.All[number];
                if (await TryAsync(entry, number, bytes, cancellationToken) is { } failure)
                {
                    failures.Enqueue($"{number}: {name}: {failure}");
                }
            });

        Assert.Empty(failures);
        await origin.UntilQuietAsync(TestContext.Current.CancellationToken);
        Assert.Empty(origin.Violations);
        Assert.NotEmpty(origin.CutOff);
        AssertNothingWasSmuggled([.. origin.Requests.Select(r => r.Message.Raw), .. origin.CutOff]);
    }

    private async Task<string?> TryAsync(Entry entry, int number, string bytes, CancellationToken cancellationToken)
    {
        var (mine, smuggled, marker) = ($"mine{number}x", $"smuggled{number}x", $"marker{number}x");
        var text = Fill(lab.Write(entry, bytes, FakeAuthenticator.Basic)
            .Replace("/mine", "/" + mine, StringComparison.Ordinal).Replace("X-Tag: mine", "X-Tag: " + mine, StringComparison.Ordinal)
            .Replace("/smuggled", "/" + smuggled, StringComparison.Ordinal).Replace("X-Tag: smuggled", "X-Tag: " + smuggled, StringComparison.Ordinal));

        using var attacker = await lab.OpenAsync(entry, FakeAuthenticator.Basic, cancellationToken);
        await attacker.SendAsync(text, cancellationToken);
        using var other = await lab.OpenAsync(entry, FakeAuthenticator.OtherBasic, cancellationToken);
        await other.SendAsync(lab.Write(entry, $"GET {{o}}/{marker} HTTP/1.1¶Host: {{h}}¶X-Tag: {marker}¶¶", FakeAuthenticator.OtherBasic), cancellationToken);
        var answer = await new WireReader(other.Stream).ReadResponseAsync("GET", cancellationToken);
        if (answer?.Body != $"/{marker} {marker}")
        {
            return $"the other agent got `{answer?.Raw}`";
        }

        var seen = await ListenAsync(attacker, cancellationToken);
        return seen.Contains("marker", StringComparison.Ordinal) || !await IsOneAnswerAsync(seen) ? $"the attacker got `{seen}`" : null;
    }

    // Up to the end, or as long as the connection stays open: what has come until then counts.
    private static async Task<string> ListenAsync(RawClient attacker, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Wait);
        var (seen, buffer) = (new StringBuilder(), new byte[4096]);
        try
        {
            for (int count; (count = await attacker.Stream.ReadAsync(buffer, patience.Token)) > 0;)
            {
                seen.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It was cut off, or waits for the rest of a body.
        }

        return seen.ToString();
    }

    // Every mutation is one request that ends its connection: one answer, and not a byte behind it. Who begins HTTP/2 without TLS is told so in a GOAWAY.
    private static async Task<bool> IsOneAnswerAsync(string seen)
    {
        const string GoAway = "\0\0\b\a";
        if (seen.StartsWith(GoAway, StringComparison.Ordinal))
        {
            return !seen.Contains("HTTP/1.1 ", StringComparison.Ordinal);
        }

        var reader = new WireReader(new MemoryStream(Encoding.Latin1.GetBytes(seen)));
        try
        {
            return await reader.ReadResponseAsync("GET", CancellationToken.None) is null || await reader.ReadResponseAsync("GET", CancellationToken.None) is null;
        }
        catch (WireException)
        {
            return false;
        }
    }

    // One request out per mutation, and what was hidden is at most the content of that one.
    private static void AssertNothingWasSmuggled(string[] requests)
    {
        Assert.Equal([], requests.Where(raw => !IsMine(raw) && !IsMarker(raw)));
        Assert.Equal([], requests.Where(raw => !raw.Contains("\r\n\r\n", StringComparison.Ordinal)));
        Assert.Equal([], requests.GroupBy(TargetOf, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => same.Key));
        Assert.Equal([], requests.Where(raw => IsMarker(raw) ? !IsOnlyMarker(raw) : raw.Contains("marker", StringComparison.Ordinal)));
    }

    private static bool IsMine(string raw) => TargetOf(raw).StartsWith("/mine", StringComparison.Ordinal);

    private static bool IsMarker(string raw) => TargetOf(raw).StartsWith("/marker", StringComparison.Ordinal);

    private static bool IsOnlyMarker(string raw) =>
        raw.Contains($"\r\nX-Tag: {TargetOf(raw)[1..]}\r\n", StringComparison.Ordinal) && !raw.Contains("mine", StringComparison.Ordinal) && !raw.Contains("smuggled", StringComparison.Ordinal);

    private static string TargetOf(string raw) => raw.Split(' ') is [_, var target, ..] ? target : raw;

    // Lengths of what stands behind the head.
    private static string Fill(string text)
    {
        var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = head < 0 ? 0 : text.Length - head - 4;
        return text
            .Replace("{n}", body.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{all}", body.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{x}", body.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }
}
