using Microsoft.Extensions.Primitives;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Headers;

/// <summary>Our pseudonym in <c>Via</c> (RFC 9110 7.6.3), by which a request that comes back to us is noticed.</summary>
internal sealed class Via
{
    private readonly string _http10;
    private readonly string _http11;
    private readonly string _http2;

    public Via(IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[6];
        random.Fill(bytes);
        Pseudonym = "smart-proxy-" + Convert.ToHexStringLower(bytes);
        (_http10, _http11, _http2) = ("1.0 " + Pseudonym, "1.1 " + Pseudonym, "2 " + Pseudonym);
    }

    public string Pseudonym { get; }

    public string LineFor(string protocol) =>
        HttpProtocol.IsHttp2(protocol) ? _http2 : HttpProtocol.IsHttp10(protocol) ? _http10 : _http11;

    public string LineFor(Version version) => version.Major == 2 ? _http2 : version.Minor == 0 ? _http10 : _http11;

    /// <summary>Whether a message has passed here before.</summary>
    public bool IsIn(StringValues via)
    {
        foreach (var line in via)
        {
            if (line?.Contains(Pseudonym, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }
}
