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
        Gone("TE that only ends in trailers", "9110 10.1.4", "TE: nottrailers"),
        Gone("TE with trailers in a parameter", "9110 10.1.4", "TE: gzip;x=\"a, trailers\""),
        Ok("TE for trailers among others", "9110 10.1.4", With("Connection: TE¶TE: gzip;q=0.5 , Trailers"), "¶TE: trailers¶") with { Closes = true, Hides = ["gzip"], Lenience = "nominated-closes" },
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
        No("an OPTIONS whose Max-Forwards is no number", "9110 7.6.2", "OPTIONS {o}/ HTTP/1.1¶Host: {h}¶Max-Forwards: -1¶¶"),
        No("an OPTIONS with two Max-Forwards", "9110 7.6.2", "OPTIONS {o}/ HTTP/1.1¶Host: {h}¶Max-Forwards: 1¶Max-Forwards: 0¶¶"),
        Ok("Max-Forwards of a GET means nothing", "9110 7.6.2", With("Max-Forwards: 0"), "¶Max-Forwards: 0¶"),

        Ok("an Expect", "9110 10.1.1", Post("Expect: 100-continue¶Content-Length: 5", "hello"), "¶Expect: 100-continue¶") with { Content = "hello" },
        Ok("an Expect in capitals", "9110 10.1.1", Post("Expect: 100-Continue¶Content-Length: 5", "hello")) with { Content = "hello" },
        No("another Expect", "9110 10.1.1", With("Expect: the-spanish-inquisition"), 417),
        No("two Expects", "9110 10.1.1", With("Expect: 100-continue, other"), 417),
        No("a payment of the agent's own", "9110 11.7", With("X-PAYMENT: mine"), 403),
        .. new[] { "X_PAYMENT", "x_payment", "PAYMENT_SIGNATURE", "Payment_Authorization", "PAYMENT.SIGNATURE", "X+Payment", "Transfer_Encoding", "Idempotency_Key", "Proxy_Authorization", "Smart_Proxy_Token", "Content_Type" }
            .Select(name => No($"{name}, which some programs read with hyphens", "3875 4.1.18", With($"{name}: x")) with { Lenience = "look-alikes" }),
        Ok("an underscore in any other name", "9110 5.1", With("X_Mine: y"), "¶X_Mine: y¶"),

        No("NTLM, which is for a whole connection", "9110 11.7", With("Authorization: NTLM x"), 501) with { Closes = false, Lenience = "connection-authentication" },
        No("Negotiate, which is for a whole connection", "4559 4.2", With("Authorization: nEGOTIATE x"), 501) with { Closes = false, Lenience = "connection-authentication" },
        .. new[] { "Authorization", "Content-Type", "Range" }.Select(name => No($"two lines of {name}", "9110 5.3", With($"{name}: a¶{name}: b"))),

        WebSocket("an upgrade to WebSocket that the origin does not make", 200, "GET"),
        WebSocket("an upgrade of a POST", 400, "POST"),
        WebSocket("an upgrade without a version", 400, "GET", version: ""),
        WebSocket("an upgrade of an old version", 400, "GET", version: "Sec-WebSocket-Version: 8¶"),
        WebSocket("an upgrade of two versions", 400, "GET", version: "Sec-WebSocket-Version: 13¶Sec-WebSocket-Version: 13¶"),
        WebSocket("an upgrade without a key", 400, "GET", key: ""),
        WebSocket("an upgrade with a short key", 400, "GET", key: "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==¶"),
        WebSocket("an upgrade with a key that is none", 400, "GET", key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==¶"),
        WebSocket("an upgrade with two keys", 400, "GET", key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==¶Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==¶"),
    ];

    private static RequestCase WebSocket(string name, int status, string method, string version = "Sec-WebSocket-Version: 13¶", string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==¶") =>
        No(name, "6455 4.2.1", $"{method} {{o}}/ HTTP/1.1¶Host: {{h}}¶Connection: Upgrade¶Upgrade: websocket¶{version}{key}¶", status) with { Closes = status != 200 };

    private static RequestCase Gone(string name, string clause, string line) =>
        Ok($"{name} does not travel", clause, With(line)) with { Hides = [$"¶{line.Split('¶')[^1].Split(':')[0]}:"] };
}
