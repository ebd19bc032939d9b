using SmartProxy.TestKit;
using SmartProxy.Tests.Conformance.Cases;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>
/// Requests written from RFC 9110 and 9112, one oddity each, by every way into the proxy, against an origin that records
/// every byte. What is ambiguous never reaches it; what is odd but clear reaches it once, in one strict form, and the connection is in step.
/// </summary>
public sealed class RequestConformanceTests(WireLab lab) : IClassFixture<WireLab>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    internal static IReadOnlyDictionary<string, RequestCase> Cases { get; } = Gather().ToDictionary(c => c.Name, StringComparer.Ordinal);

    public static TheoryData<Entry, string> Runs =>
        [.. Cases.Values.SelectMany(c => WireLab.Entries.Where(entry => c.Only is null || c.Only == entry).Select(entry => new TheoryDataRow<Entry, string>(entry, c.Name)))];

    [Fact]
    public void The_list_is_long_and_every_case_names_its_clause()
    {
        Assert.InRange(Cases.Count, 250, int.MaxValue);
        Assert.All(Cases.Values, c => Assert.Matches(@"^\d{4} [A-Z0-9.]+$", c.Clause));
    }

    [Fact]
    public void The_page_explains_every_lenience_and_no_other()
    {
        var cases = Cases.Values.Select(c => c.Lenience).Concat(ResponseConformanceTests.Cases.Values.Select(c => c.Lenience)).OfType<string>();
        var page = File.ReadAllLines(Repository.PathOf("docs", "conformance.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]);
        Assert.Equal(cases.Distinct().Order(StringComparer.Ordinal), page.Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Runs))]
    public async Task A_request_is_served_or_refused_as_its_clause_says(Entry entry, string name)
    {
        var test = Cases[name];
        var origin = lab.OriginOf(entry);
        origin.Requests.Clear();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        using var client = await lab.OpenAsync(entry, FakeAuthenticator.Basic, deadline.Token);

        await client.SendAsync(lab.Write(entry, test.Bytes, FakeAuthenticator.Basic), deadline.Token);
        var reader = new WireReader(client.Stream);
        var answer = await reader.ReadResponseAsync(test.Method, deadline.Token);

        Assert.NotNull(answer);
        Assert.True(answer.Status == test.StatusAt(entry), $"{answer.Raw}{answer.Body}");
        AssertSaysWhoRefused(answer);
        for (var more = 1; more < test.Requests; more++)
        {
            Assert.Equal(200, (await reader.ReadResponseAsync("GET", deadline.Token))!.Status);
        }

        await (test.MustCloseAt(entry) ? AssertClosesAsync(test.PassesAt(entry), reader, deadline.Token) : AssertStaysAsync(entry, client, reader, deadline.Token));
        AssertReceived(entry, test, origin);
    }

    // The server's own refusals are empty and end the connection; ours say why, to programs and to people.
    private static void AssertSaysWhoRefused(WireMessage answer)
    {
        var isServers = answer.Values("Content-Length") is ["0"] && answer.Values("Connection") is ["close"];
        Assert.True(answer.Status == 200 || isServers || answer.Has("Proxy-Status"), answer.Raw);
        Assert.True(answer.Status == 200 || isServers || answer.Body.Contains("\"reason\":", StringComparison.Ordinal), answer.Raw);
    }

    private static async Task AssertClosesAsync(bool passes, WireReader reader, CancellationToken cancellationToken)
    {
        var next = await reader.ReadResponseAsync("GET", cancellationToken);
        Assert.True(next is null || (passes && next.Status >= 400), next?.Raw);
        Assert.True(next is null || await reader.ReadResponseAsync("GET", cancellationToken) is null, "the connection stays open");
    }

    private async Task AssertStaysAsync(Entry entry, RawClient client, WireReader reader, CancellationToken cancellationToken)
    {
        await client.SendAsync(lab.Write(entry, "GET {o}/after HTTP/1.1¶Host: {h}¶¶", FakeAuthenticator.Basic), cancellationToken);
        var next = await reader.ReadResponseAsync("GET", cancellationToken);
        Assert.True(next?.Body.StartsWith("/after", StringComparison.Ordinal), next?.Raw ?? "the connection was closed");
    }

    private void AssertReceived(Entry entry, RequestCase test, RecordingOrigin origin)
    {
        Assert.Empty(origin.Violations);
        var received = origin.Requests.Select(r => r.Message).Where(m => m.Target != "/after").ToArray();
        Assert.True(received.Length == (test.PassesAt(entry) ? test.Requests : 0), string.Join("\n---\n", received.Select(r => r.Raw)));
        foreach (var first in received.Take(1))
        {
            Assert.All(test.Sees, text => Assert.Contains(lab.AtOrigin(entry, text), first.Raw, StringComparison.Ordinal));
            Assert.All(test.Hides, text => Assert.DoesNotContain(lab.AtOrigin(entry, text), first.Raw, StringComparison.OrdinalIgnoreCase));
            Assert.Equal(test.Content ?? first.Body, first.Body);
        }
    }

    private static IEnumerable<RequestCase> Gather() =>
        [.. RequestLineCases.All, .. HostCases.All, .. FieldCases.All, .. LengthCases.All, .. ChunkCases.All, .. HopCases.All, .. ConnectionCases.All];
}
