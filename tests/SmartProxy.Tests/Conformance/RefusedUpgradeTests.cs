using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>An upgrade that the origin refuses opens nothing: what an agent sent behind it is HTTP, read as strictly as ever (RFC 9110 7.8).</summary>
public sealed class RefusedUpgradeTests(WireLab lab) : IClassFixture<WireLab>
{
    private const string Upgrade = "GET {o}/socket HTTP/1.1¶Host: {h}¶Connection: Upgrade¶Upgrade: websocket¶Sec-WebSocket-Version: 13¶Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==¶{a}¶";
    private const string Behind = "GET {o}/behind HTTP/1.1¶Host: {h}¶{a}¶";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(WireLab.All), MemberType = typeof(WireLab))]
    public async Task A_request_behind_a_refused_upgrade_is_a_request_of_its_own(Entry entry)
    {
        var origin = lab.OriginOf(entry);
        origin.Answer = request => request.Has("Upgrade") ? (WireLab.Bytes("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"), false) : null;
        using var client = await lab.OpenAsync(entry, FakeAuthenticator.Basic, Stop);
        await client.SendAsync(lab.Write(entry, Upgrade + Behind, FakeAuthenticator.Basic), Stop);
        var reader = new WireReader(client.Stream);

        var refused = await reader.ReadResponseAsync("GET", Stop);
        var behind = await reader.ReadResponseAsync("GET", Stop);

        Assert.Equal((403, "no"), (refused!.Status, refused.Body));
        Assert.Equal((200, "/behind "), (behind!.Status, behind.Body));
        Assert.Empty(origin.Violations);
        Assert.Empty(origin.CutOff);
        Assert.Equal(["/socket", "/behind"], origin.Requests.Select(request => request.Message.Target));
    }
}
