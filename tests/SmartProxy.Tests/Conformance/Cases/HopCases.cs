using static SmartProxy.Tests.Conformance.RequestCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>What belongs to one connection, and what is ours (RFC 9110 7.6, 7.8, 10.1.1, 11.7).</summary>
internal static class HopCases
{
    public static IEnumerable<RequestCase> All =>
    [
        Gone("Keep-Alive", "9110 7.6.1", "Keep-Alive: timeout=5"),
        Gone("Proxy-Connection", "9110 7.6.1", "Proxy-Connection: keep-alive"),
        Gone("TE with a quality", "9110 10.1.4", "TE: gzip;q=0.5"),
        Gone("Trailer", "9110 6.6.2", "Trailer: X-End"),
        Gone("Upgrade to h2c", "9110 7.8", "Upgrade: h2c"),
        Gone("Upgrade to a protocol that nobody knows", "9110 7.8", "Upgrade: SPDY/3"),
        Gone("Upgrade to WebSocket and more", "9110 7.8", "Upgrade: h2c, websocket"),
        Gone("HTTP2-Settings", "9113 3.1", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        Gone("Alt-Used", "7838 5", "Alt-Used: other.test"),
        Gone("Proxy-Authenticate", "9110 11.7.1", "Proxy-Authenticate: Basic"),
        Gone("any other Proxy- field", "9110 11.7", "Proxy-Anything: 1"),
        Gone("a field of ours", "9110 7.6.1", "Smart-Proxy-Max-Price: 0.01"),
        Gone("a field of ours in small letters", "9110 7.6.1", "smart-proxy-token: sp_x") with { StatusOfNamed = 401 },
        Gone("our credentials", "9110 11.7.2", "X: y") with { Hides = ["Proxy-Authorization"] },
        Gone("Connection itself", "9110 7.6.1", "Connection: keep-alive"),
        Ok("TE for trailers, which are passed on", "9110 10.1.4", With("Connection: TE¶TE: trailers"), "¶Connection: TE¶", "¶TE: trailers¶") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a nominated field", "9110 7.6.1", "Connection: X-Hop¶X-Hop: 1") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a field nominated in other letters", "9110 7.6.1", "Connection: x-hOp¶X-Hop: 1") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a field nominated behind keep-alive", "9110 7.6.1", "Connection: keep-alive, X-Hop¶X-Hop: 1") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a field nominated without a blank", "9110 7.6.1", "Connection: keep-alive,X-Hop¶X-Hop: 1") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a field nominated behind nothing", "9110 7.6.1", "Connection: , ,X-Hop¶X-Hop: 1") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a field nominated in a second line", "9110 7.6.1", "Connection: keep-alive¶Connection: X-Hop¶X-Hop: 1") with { Closes = true, Lenience = "nominated-closes" },
        Gone("a field nominated behind close", "9110 7.6.1", "Connection: close, X-Hop¶X-Hop: 1") with { Closes = true },
        Gone("a nominated field that is not there", "9110 7.6.1", "Connection: X-Hop") with { Closes = true, Lenience = "nominated-closes" },
        .. new[] { "Host", "Content-Length", "Content-Type", "Authorization", "Cookie", "Via", "X-PAYMENT", "PAYMENT-SIGNATURE", "Idempotency-Key", "Cache-Control", "Range", "Expect", "Transfer-Encoding" }
            .Select(name => No($"{name} nominated", "9110 7.6.1", With($"Connection: close, {name}"))),
        No("a nominated name that is no token", "9110 7.6.1", With("Connection: (x)")),
        No("a nominated name with a control character", "9110 7.6.1", With("Connection: x\u0001y")),

        Ok("Via is added", "9110 7.6.3", With("X: y"), "¶Via: 1.1 smart-proxy-"),
        Ok("Via of others stays before ours", "9110 7.6.3", With("Via: 1.0 other (c)"), "¶Via: 1.0 other (c)"),
        Ok("Via of version 1.0", "9110 7.6.3", "GET {o}/ HTTP/1.0¶Host: {h}¶¶", "¶Via: 1.0 smart-proxy-") with { Closes = true },
        Ok("Max-Forwards of an OPTIONS counts down", "9110 7.6.2", "OPTIONS {o}/ HTTP/1.1¶Host: {h}¶Max-Forwards: 5¶¶", "¶Max-Forwards: 4¶"),
        No("an OPTIONS whose Max-Forwards is used up", "9110 7.6.2", "OPTIONS {o}/ HTTP/1.1¶Host: {h}¶Max-Forwards: 0¶¶") with { Closes = false },
        No("an OPTIONS whose Max-Forwards is no number", "9110 7.6.2", "OPTIONS {o}/ HTTP/1.1¶Host: {h}¶Max-Forwards: -1¶¶"),
        No("an OPTIONS with two Max-Forwards", "9110 7.6.2", "OPTIONS {o}/ HTTP/1.1¶Host: {h}¶Max-Forwards: 1¶Max-Forwards: 0¶¶"),
        Ok("Max-Forwards of a GET means nothing", "9110 7.6.2", With("Max-Forwards: 0"), "¶Max-Forwards: 0¶"),

        Ok("an Expect", "9110 10.1.1", Post("Expect: 100-continue¶Content-Length: 5", "hello"), "¶Expect: 100-continue¶") with { Content = "hello" },
        Ok("an Expect in capitals", "9110 10.1.1", Post("Expect: 100-Continue¶Content-Length: 5", "hello")) with { Content = "hello" },
        No("another Expect", "9110 10.1.1", With("Expect: the-spanish-inquisition"), 417),
        No("two Expects", "9110 10.1.1", With("Expect: 100-continue, other"), 417),
        No("a payment of the agent's own", "9110 11.7", With("X-PAYMENT: mine"), 403),
    ];

    private static RequestCase Gone(string name, string clause, string line) =>
        Ok($"{name} does not travel", clause, With(line)) with { Hides = [$"¶{line.Split('¶')[^1].Split(':')[0]}:"] };
}
