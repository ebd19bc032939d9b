using System.Globalization;
using System.Net.Security;
using System.Text;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Protocol;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>The ways by which an agent's HTTP/1 reaches the proxy.</summary>
public enum Entry
{
    /// <summary>Absolute-form requests on the proxy port.</summary>
    Port,

    /// <summary>Origin-form requests over TLS inside an intercepted tunnel.</summary>
    Tunnel,

    /// <summary>Origin-form requests without TLS inside an intercepted tunnel.</summary>
    PlainTunnel,

    /// <summary>Requests for <c>/u/MERCHANT/…</c> on the proxy port.</summary>
    Named,
}

/// <summary>One proxy, and per entry an origin that records bytes; two agents.</summary>
public sealed class WireLab : IAsyncLifetime
{
    private const string Merchant = "shop";

    private readonly Dictionary<Entry, RecordingOrigin> _origins = Entries.ToDictionary(entry => entry, entry => new RecordingOrigin(tls: entry == Entry.Tunnel));

    public static Entry[] Entries { get; } = Enum.GetValues<Entry>();

    /// <summary>Every entry, for a theory.</summary>
    public static TheoryData<Entry> All => [.. Entries];

    internal ProxyFixture Proxy { get; private set; } = null!;

    internal RecordingOrigin OriginOf(Entry entry) => _origins[entry];

    public async ValueTask InitializeAsync()
    {
        Proxy = await ProxyFixture.StartAsync(_origins.Values.Select(origin => origin.Port), upstream => upstream.ExpectMilliseconds = 2_000);
        Assert.True(Origin.TryParse("http://" + OriginOf(Entry.Named).Authority, out var named));
        Proxy.Policy.Upstreams[Merchant] = new NamedUpstream(Merchant, named, BasePath: "");
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        _origins.Values.ToList().ForEach(origin => origin.Dispose());
    }

    /// <summary>
    /// Writes a request as it travels: <c>¶</c> is CRLF, <c>{o}</c> stands for what comes before the path (scheme and authority, the merchant's name, or
    /// nothing inside a tunnel), <c>{h}</c> for the authority that is asked, <c>{p}</c> for the origin's port and <c>{a}</c> for the credentials, which
    /// otherwise stand at the end of the head.
    /// </summary>
    internal string Write(Entry entry, string template, string credentials)
    {
        var line = IsTunnel(entry) ? "" : $"Proxy-Authorization: {credentials}\r\n";
        var text = template.Replace("¶", "\r\n", StringComparison.Ordinal);
        if (!text.Contains("{a}", StringComparison.Ordinal))
        {
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            text = end < 0 ? text : text.Insert(end + 2, "{a}");
        }

        var origin = OriginOf(entry);
        return text
            .Replace("{a}", line, StringComparison.Ordinal)
            .Replace("{o}", entry switch { Entry.Port => $"http://{origin.Authority}", Entry.Named => "/u/" + Merchant, _ => "" }, StringComparison.Ordinal)
            .Replace("{h}", entry == Entry.Named ? $"127.0.0.1:{Proxy.Port}" : origin.Authority, StringComparison.Ordinal)
            .Replace("{p}", origin.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    /// <summary>Text as the origin sees it: <c>{h}</c> is its own authority, whatever was asked.</summary>
    internal string AtOrigin(Entry entry, string template) =>
        template.Replace("¶", "\r\n", StringComparison.Ordinal).Replace("{h}", OriginOf(entry).Authority, StringComparison.Ordinal);

    /// <summary>A connection of an agent's on which requests can be written; its tunnel, if any, is open and encrypted.</summary>
    internal async Task<RawClient> OpenAsync(Entry entry, string credentials, CancellationToken cancellationToken)
    {
        if (!IsTunnel(entry))
        {
            return await Proxy.ConnectAsync(cancellationToken);
        }

        var client = await Proxy.OpenTunnelAsync(OriginOf(entry).Authority, cancellationToken, credentials);
        if (entry == Entry.PlainTunnel)
        {
            return client;
        }

        var tls = new SslStream(client.Stream, leaveInnerStreamOpen: false, Proxy.TrustsOurAuthority);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "origin.test", ApplicationProtocols = [SslApplicationProtocol.Http11] }, cancellationToken);
        client.Stream = tls;
        return client;
    }

    private static bool IsTunnel(Entry entry) => entry is Entry.Tunnel or Entry.PlainTunnel;

    internal static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
