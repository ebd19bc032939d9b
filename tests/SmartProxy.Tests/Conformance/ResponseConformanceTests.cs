using SmartProxy.Tests.Conformance.Cases;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>
/// Answers written from RFC 9110 and 9112, one oddity each, by every way into the proxy. What an agent gets is strict
/// HTTP/1.1 or nothing; what broke off breaks off; and the next request, of another agent, gets its own answer on a connection without a past.
/// </summary>
public sealed class ResponseConformanceTests(WireLab lab) : IClassFixture<WireLab>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    internal static IReadOnlyDictionary<string, ResponseCase> Cases { get; } =
        AnswerCases.All.Concat(AnswerBodyCases.All).ToDictionary(c => c.Name, StringComparer.Ordinal);

    public static TheoryData<Entry, string> Runs =>
        [.. Cases.Values.SelectMany(c => WireLab.Entries.Select(entry => new TheoryDataRow<Entry, string>(entry, c.Name)))];

    [Fact]
    public void The_list_is_long_and_every_case_names_its_clause()
    {
        Assert.InRange(Cases.Count, 120, int.MaxValue);
        Assert.All(Cases.Values, c => Assert.Matches(@"^\d{4} [A-Z0-9.]+$", c.Clause));
    }

    [Theory, MemberData(nameof(Runs))]
    public async Task An_answer_is_shown_cut_or_refused_as_its_clause_says(Entry entry, string name)
    {
        var test = Cases[name];
        var origin = lab.OriginOf(entry);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        origin.Requests.Clear();
        origin.Answer = request => request.Target == "/case" ? (WireLab.Bytes(test.Bytes.Replace("¶", "\r\n", StringComparison.Ordinal)), test.Ends) : null;

        await AskAsync(entry, test, deadline.Token);
        var (before, after) = (origin.Requests.Last().Connection, await AssertOthersAreServedAsync(entry, deadline.Token));

        Assert.True(!test.IsSpoilt || before != after, "the connection to the origin was used again");
        Assert.Empty(origin.Violations);
    }

    private async Task AskAsync(Entry entry, ResponseCase test, CancellationToken cancellationToken)
    {
        using var client = await lab.OpenAsync(entry, FakeAuthenticator.Basic, cancellationToken);
        await client.SendAsync(lab.Write(entry, $"{test.Method} {{o}}/case HTTP/1.1¶Host: {{h}}¶{test.Asks}¶", FakeAuthenticator.Basic), cancellationToken);
        var reader = new WireReader(client.Stream);
        if (test.IsTorn)
        {
            await AssertTornAsync(reader, cancellationToken);
            return;
        }

        var answer = await reader.ReadResponseAsync(test.Method, cancellationToken);
        Assert.NotNull(answer);
        Assert.True(answer.Status == test.Status, answer.Raw);
        Assert.Equal(test.Content ?? answer.Body, answer.Body);
        Assert.True(answer.Status != 502 || answer.Has("Proxy-Status"), answer.Raw);
        Assert.All(test.Sees, text => Assert.Contains(text.Replace("¶", "\r\n", StringComparison.Ordinal), answer.Raw, StringComparison.Ordinal));
        Assert.All(test.Hides, text => Assert.DoesNotContain(text.Replace("¶", "\r\n", StringComparison.Ordinal), answer.Raw, StringComparison.OrdinalIgnoreCase));
    }

    // Where nothing was shown yet, a refusal is better than half an answer.
    private static async Task AssertTornAsync(WireReader reader, CancellationToken cancellationToken)
    {
        try
        {
            Assert.True(await reader.ReadResponseAsync("GET", cancellationToken) is null or { Status: 502 });
        }
        catch (WireException cut)
        {
            Assert.Contains("cut off", cut.Message, StringComparison.Ordinal);
        }
    }

    private async Task<int> AssertOthersAreServedAsync(Entry entry, CancellationToken cancellationToken)
    {
        using var client = await lab.OpenAsync(entry, FakeAuthenticator.OtherBasic, cancellationToken);
        await client.SendAsync(lab.Write(entry, "GET {o}/marker HTTP/1.1¶Host: {h}¶X-Tag: other¶¶", FakeAuthenticator.OtherBasic), cancellationToken);
        Assert.Equal("/marker other", (await new WireReader(client.Stream).ReadResponseAsync("GET", cancellationToken))!.Body);
        return lab.OriginOf(entry).Requests.Single(r => r.Message.Target == "/marker").Connection;
    }
}
