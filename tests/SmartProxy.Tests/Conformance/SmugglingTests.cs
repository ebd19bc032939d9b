using System.Collections.Concurrent;
using System.Globalization;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>
/// Whatever an agent writes, the origin gets at most one request for it, in one strict form, and never a byte of one agent in the exchange of
/// another. Behind each mutation a second agent asks for its marker over the same pooled connections.
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

    [Theory]
    [InlineData(Entry.Port)]
    [InlineData(Entry.Tunnel)]
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
        Assert.Empty(origin.Violations);
        AssertNothingWasSmuggled(origin);
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
        return seen.Contains("marker", StringComparison.Ordinal) ? $"the attacker got `{seen}`" : null;
    }

    private static async Task<string> ListenAsync(RawClient attacker, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Wait);
        try
        {
            return await attacker.ReadToEndAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "";
        }
    }

    // One request out per mutation, and what was hidden is at most the content of that one.
    private static void AssertNothingWasSmuggled(RecordingOrigin origin)
    {
        var heads = origin.Requests.Select(r => r.Message).ToArray();
        Assert.Equal([], heads.Where(IsSmuggled).Select(m => $"{m.Target} is {NameOf(m)}"));
        Assert.Equal([], heads.GroupBy(m => m.Target, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => same.Key));
        Assert.Equal([], heads.Where(m => IsMarker(m) ? m.Values("X-Tag") is not [var tag] || "/" + tag != m.Target : m.Raw.Contains("marker", StringComparison.Ordinal)).Select(m => m.Raw));
    }

    private static bool IsMarker(WireMessage request) => request.Target.StartsWith("/marker", StringComparison.Ordinal);

    private static bool IsSmuggled(WireMessage request) => request.Target.StartsWith("/smuggled", StringComparison.Ordinal);

    private static string NameOf(WireMessage request) => SmugglingMutations.All[int.Parse(request.Target["/smuggled".Length..^1], CultureInfo.InvariantCulture)].Name;

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
