using System.Globalization;

namespace SmartProxy.Protocol;

/// <summary>Scheme, host and port of a request (RFC 6454 in its narrow, http and https, form).</summary>
public readonly record struct Origin(bool IsHttps, HostName Host, int Port)
{
    public const int HttpsPort = 443;
    public const int HttpPort = 80;

    public string Scheme => IsHttps ? "https" : "http";

    public bool HasDefaultPort => Port == (IsHttps ? HttpsPort : HttpPort);

    /// <summary>Host and, unless it is the scheme's default, port.</summary>
    public string Authority =>
        HasDefaultPort ? Host.ToAuthority() : string.Create(CultureInfo.InvariantCulture, $"{Host.ToAuthority()}:{Port}");

    /// <summary>Reads <c>http://host[:port]</c> or <c>https://host[:port]</c>, without path, query or user information.</summary>
    public static bool TryParse(string? text, out Origin origin)
    {
        origin = default;
        var isHttps = text?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) == true;
        if (!isHttps && text?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) != true)
        {
            return false;
        }

        var defaultPort = isHttps ? HttpsPort : HttpPort;
        if (!TryParseAuthority(text![(isHttps ? 8 : 7)..], defaultPort, out var host, out var port))
        {
            return false;
        }

        origin = new Origin(isHttps, host, port);
        return true;
    }

    /// <summary>Reads <c>host[:port]</c>; no user information, port 1 to 65535 without leading zero.</summary>
    public static bool TryParseAuthority(string? text, int defaultPort, out HostName host, out int port)
    {
        (host, port) = (default, defaultPort);
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var bracket = text[0] == '[' ? text.IndexOf(']', StringComparison.Ordinal) : 0;
        if (bracket < 0)
        {
            return false;
        }

        var colon = text.IndexOf(':', bracket);
        if (colon >= 0 && !TryParsePort(text.AsSpan(colon + 1), out port))
        {
            return false;
        }

        return HostName.TryParse(colon < 0 ? text : text[..colon], out host);
    }

    public override string ToString() => $"{Scheme}://{Authority}";

    private static bool TryParsePort(ReadOnlySpan<char> text, out int port)
    {
        port = 0;
        return text.Length is > 0 and <= 5
            && text[0] != '0'
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port <= 65535;
    }
}
