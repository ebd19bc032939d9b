using SmartProxy.Forwarding.Origins;
using SmartProxy.Tests.Conformance;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Limits;

/// <summary>The bound on interim answers (1xx) is exact, on a new connection to an origin and on one that is used again.</summary>
public sealed class InterimAnswerTests(WireLab lab) : IClassFixture<WireLab>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Entry.Port, UpstreamConnection.MaxInterims, 200)]
    [InlineData(Entry.Port, UpstreamConnection.MaxInterims + 1, 502)]
    [InlineData(Entry.Tunnel, UpstreamConnection.MaxInterims, 200)]
    [InlineData(Entry.Tunnel, UpstreamConnection.MaxInterims + 1, 502)]
    public async Task Each_request_of_a_connection_may_bring_so_many_and_not_one_more(Entry entry, int interims, int status)
    {
        var origin = lab.OriginOf(entry);
        origin.Answer = request => request.Target == "/many"
            ? (WireLab.Bytes(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", interims)) + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), false)
            : null;
        using var client = await lab.OpenAsync(entry, FakeAuthenticator.Basic, Stop);
        var reader = new WireReader(client.Stream);
        origin.Requests.Clear();
        foreach (var (target, expected) in new[] { ("/first", 200), ("/many", status) })
        {
            await client.SendAsync(lab.Write(entry, $"GET {{o}}{target} HTTP/1.1¶Host: {{h}}¶¶", FakeAuthenticator.Basic), Stop);
            Assert.Equal(expected, (await reader.ReadResponseAsync("GET", Stop))!.Status);
        }

        // The first two came on one connection: the second was a use again. A bodiless request may be sent once more on another.
        var seen = origin.Requests.ToArray();
        Assert.Equal(seen[0].Connection, seen[1].Connection);
    }
}
