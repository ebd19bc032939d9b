using System.Net.Security;
using System.Text;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Conformance;

/// <summary>The two ways by which an agent's HTTP/1 reaches the proxy.</summary>
public enum Entry
{
    /// <summary>Absolute-form requests on the proxy port.</summary>
    Port,

    /// <summary>Origin-form requests over TLS inside an intercepted tunnel.</summary>
    Tunnel,
}

/// <summary>One proxy, and per entry an origin that records bytes; two agents.</summary>
public sealed class WireLab : IAsyncLifetime
{
    private readonly RecordingOrigin _plain = new(tls: false);
    private readonly RecordingOrigin _secure = new(tls: true);

    internal ProxyFixture Proxy { get; private set; } = null!;

    internal RecordingOrigin OriginOf(Entry entry) => entry == Entry.Port ? _plain : _secure;

    public async ValueTask InitializeAsync() => Proxy = await ProxyFixture.StartAsync([_plain.Port, _secure.Port], upstream => upstream.ExpectMilliseconds = 2_000);

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        _plain.Dispose();
        _secure.Dispose();
    }

    /// <summary>
    /// Writes a request as it travels: <c>¶</c> is CRLF, <c>{o}</c> stands for scheme and authority of the target (nothing inside a tunnel),
    /// <c>{h}</c> for the authority and <c>{a}</c> for the credentials, which otherwise stand at the end of the head.
    /// </summary>
    internal string Write(Entry entry, string template, string credentials)
    {
        var line = entry == Entry.Port ? $"Proxy-Authorization: {credentials}\r\n" : "";
        var text = template.Replace("¶", "\r\n", StringComparison.Ordinal);
        if (!text.Contains("{a}", StringComparison.Ordinal))
        {
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            text = end < 0 ? text : text.Insert(end + 2, "{a}");
        }

        var authority = OriginOf(entry).Authority;
        return text
            .Replace("{a}", line, StringComparison.Ordinal)
            .Replace("{o}", entry == Entry.Port ? $"http://{authority}" : "", StringComparison.Ordinal)
            .Replace("{h}", authority, StringComparison.Ordinal);
    }

    /// <summary>A connection of an agent's on which requests can be written; its tunnel, if any, is open and encrypted.</summary>
    internal async Task<RawClient> OpenAsync(Entry entry, string credentials, CancellationToken cancellationToken)
    {
        if (entry == Entry.Port)
        {
            return await Proxy.ConnectAsync(cancellationToken);
        }

        var client = await Proxy.OpenTunnelAsync(OriginOf(entry).Authority, cancellationToken, credentials);
        var tls = new SslStream(client.Stream, leaveInnerStreamOpen: false, Proxy.TrustsOurAuthority);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "origin.test", ApplicationProtocols = [SslApplicationProtocol.Http11] }, cancellationToken);
        client.Stream = tls;
        return client;
    }

    internal static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
