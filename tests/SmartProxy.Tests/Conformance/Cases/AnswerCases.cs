using static SmartProxy.Tests.Conformance.ResponseCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>Heads of answers: status lines, fields, and what belongs to one connection (RFC 9112 4 and 5, RFC 9110 7.6 and 15).</summary>
internal static class AnswerCases
{
    private static readonly (int Code, string Name)[] Controls = [(1, "SOH"), (8, "BS"), (11, "VT"), (27, "ESC"), (127, "DEL")];

    public static IEnumerable<ResponseCase> All =>
    [
        Ok("a plain answer", "9112 4", With("X: y"), "¶X: y¶", "¶Via: 1.1 smart-proxy-"),
        Ok("another reason phrase", "9112 4", "HTTP/1.1 200 Fine, thanks¶Content-Length: 2¶¶ok", "HTTP/1.1 200 Fine, thanks¶"),
        Ok("no reason phrase", "9112 4", "HTTP/1.1 200 ¶Content-Length: 2¶¶ok"),
        Ok("no space before no reason phrase", "9112 4", "HTTP/1.1 200¶Content-Length: 2¶¶ok") with { Lenience = "status-line" },
        Ok("version 1.0", "9112 2.3", "HTTP/1.0 200 OK¶Content-Length: 2¶¶ok", "HTTP/1.1 200 ", "¶Via: 1.0 smart-proxy-"),
        new("a status that nobody knows", "9110 15", "HTTP/1.1 299 Odd¶Content-Length: 2¶¶ok", 299) { Content = "ok" },
        new("a status beyond the classes", "9110 15", "HTTP/1.1 999 Odd¶Content-Length: 2¶¶ok", 999) { Content = "ok", Lenience = "status-999" },
        new("an error of the origin's", "9110 15.6", "HTTP/1.1 500 Oops¶Content-Length: 2¶¶ok", 500) { Content = "ok" },
        new("a redirect is not followed", "9110 15.4", "HTTP/1.1 302 Found¶Location: http://other.test/¶Content-Length: 0¶¶", 302) { Sees = ["¶Location: http://other.test/¶"], Content = "" },
        new("the origin's own challenge", "9110 11.6.1", "HTTP/1.1 401 No¶WWW-Authenticate: Basic realm=\"x\"¶Content-Length: 0¶¶", 401) { Sees = ["¶WWW-Authenticate: Basic realm=\"x\"¶"], Content = "" },
        new("challenges for one request beside one for a whole connection", "9110 11.7", "HTTP/1.1 401 No¶WWW-Authenticate: Negotiate, Basic realm=\"x, NTLM\", NTLM¶Content-Length: 0¶¶", 401)
        {
            Sees = ["¶WWW-Authenticate: Basic realm=\"x, NTLM\"¶"], Content = "", Lenience = "connection-authentication",
        },
        new("a challenge for a whole connection only", "4559 4.1", "HTTP/1.1 401 No¶WWW-Authenticate: NTLM¶Content-Length: 0¶¶", 401) { Hides = ["WWW-Authenticate"], Content = "", Lenience = "connection-authentication" },
        No("407, which only a proxy may say", "9110 15.5.8", "HTTP/1.1 407 No¶Proxy-Authenticate: Basic realm=\"x\"¶Content-Length: 0¶¶"),
        Ok("a reason phrase outside ASCII", "9112 4", "HTTP/1.1 200 \u00c4h¶Content-Length: 2¶¶ok", "HTTP/1.1 200 ?h¶") with { Lenience = "reason-beyond-ascii" },
        No("a status of two digits", "9112 4", "HTTP/1.1 20 OK¶Content-Length: 2¶¶ok"),
        No("a status of four digits", "9112 4", "HTTP/1.1 2000 OK¶Content-Length: 2¶¶ok"),
        No("a status of letters", "9112 4", "HTTP/1.1 OK OK¶Content-Length: 2¶¶ok"),
        No("no status", "9112 4", "HTTP/1.1¶Content-Length: 2¶¶ok"),
        No("another protocol", "9112 4", "ICY 200 OK¶Content-Length: 2¶¶ok"),
        No("an answer of HTTP/0.9", "9112 4", "<html>hello</html>") with { Ends = true },
        No("an empty answer", "9112 8", "") with { Ends = true },
        No("a head that breaks off", "9112 8", "HTTP/1.1 200 OK¶Content-Le") with { Ends = true },
        No("a bare CR in the reason phrase", "9112 4", "HTTP/1.1 200 OK\rSet-Cookie: a=b¶Content-Length: 2¶¶ok"),
        No("a control character in the reason phrase", "9112 4", "HTTP/1.1 200 O\u0001K¶Content-Length: 2¶¶ok"),

        .. "()<>@,;\\\"/[]?={} ".Select(mark => No($"a field name with `{mark}`", "9110 5.1", With($"X{mark}Y: 1"))),
        No("a field name with a control character", "9110 5.1", With("X\u0001: 1")),
        No("a field name with a byte outside ASCII", "9110 5.1", With("X\u00e9: 1")),
        No("an empty field name", "9110 5.1", With(": 1")),
        No("a line without a colon", "9112 5", With("X")),
        .. Controls.Select(c => No($"a value with {c.Name}", "9110 5.5", With($"X: a{(char)c.Code}b"))),
        Ok("a NUL in a value becomes a blank", "9110 5.5", With("X: a\0b"), "¶X: a b¶") with { Lenience = "bare-cr-of-origins" },
        Ok("a bare CR in a value becomes a blank", "9112 2.2", With("X: a\rY: b"), "¶X: a Y: b¶") with { Lenience = "bare-cr-of-origins" },
        Ok("a folded line becomes one", "9112 5.2", With("X: a¶ b"), "¶X: a") with { Hides = ["¶ b"], Lenience = "folds-of-origins" },
        Ok("bare LFs end lines", "9112 2.2", "HTTP/1.1 200 OK\nContent-Length: 2\nX: y\n\nok", "¶X: y¶") with { Lenience = "bare-lf-of-origins" },
        Ok("a space before the colon is taken away", "9112 5.1", With("X : y"), "¶X: y¶") with { Lenience = "colon-blanks-of-origins" },
        Ok("blanks around a value", "9112 5.1", With("X: \t y \t"), "¶X: y¶"),
        Ok("an empty value", "9110 5.5", With("X:"), "¶X:"),
        Ok("bytes outside ASCII in a value", "9110 5.5", With("X: caf\u00e9 \u0080\u00ff"), "¶X: caf\u00e9 \u0080\u00ff¶"),
        Ok("two lines of Set-Cookie stay two", "9110 5.3", With("Set-Cookie: a=b, c¶Set-Cookie: d=e"), "¶Set-Cookie: a=b, c", "¶Set-Cookie: d=e"),
        Ok("a Date of the origin's", "9110 6.6.1", With("Date: Tue, 01 Sep 2026 00:00:00 GMT"), "¶Date: Tue, 01 Sep 2026 00:00:00 GMT¶"),
        Ok("a type that is none", "9110 8.3", With("Content-Type: nonsense;;"), "¶Content-Type: nonsense;;¶"),
        Ok("a coding is left alone", "9110 8.4", With("Content-Encoding: gzip"), "¶Content-Encoding: gzip¶"),
        Ok("60,000 bytes of fields", "9110 5.4", With("X: " + new string('a', 60_000)), "¶X: aaaa"),
        Ok("500 fields", "9110 5.4", With(string.Join("¶", Enumerable.Range(0, 500).Select(i => $"X{i}: {i}"))), "¶X499: 499¶"),
        No("more fields than the limit", "9110 5.4", With("X: " + new string('a', 200_000))),

        Gone("Keep-Alive", "9110 7.6.1", "Keep-Alive: timeout=5"),
        Gone("Proxy-Connection", "9110 7.6.1", "Proxy-Connection: close"),
        Gone("a challenge that looks like ours", "9110 11.7.1", "Proxy-Authenticate: Basic realm=\"x\""),
        Gone("Proxy-Authentication-Info", "9110 11.7.3", "Proxy-Authentication-Info: x"),
        Gone("a status that looks like ours", "9209 2", "Proxy-Status: smart-proxy; error=proxy_loop_detected"),
        Gone("a receipt that looks like ours", "9110 7.6.1", "Smart-Proxy-Receipt: forged"),
        Gone("a price that looks like ours", "9110 7.6.1", "SMART-PROXY-PAID: 0.00"),
        Gone("Alt-Svc", "7838 3", "Alt-Svc: h3=\":443\""),
        Gone("Upgrade", "9110 7.8", "Upgrade: h2c"),
        Gone("a nominated field", "9110 7.6.1", "Connection: X-Hop¶X-Hop: 1"),
        Gone("a field nominated in other letters", "9110 7.6.1", "Connection: keep-alive, x-hOP¶X-Hop: 1"),
        .. new[] { "Content-Length", "Content-Type", "Content-Encoding", "Set-Cookie", "PAYMENT-RESPONSE", "PAYMENT-REQUIRED", "Location" }
            .Select(name => No($"{name} nominated", "9110 7.6.1", With($"Connection: {name}"))),
        Ok("Via of others stays before ours", "9110 7.6.3", With("Via: 1.1 other"), "¶Via: 1.1 other"),

        No("a switch of protocols that nobody asked for", "9110 15.2.2", "HTTP/1.1 101 Switching Protocols¶Connection: Upgrade¶Upgrade: websocket¶¶"),
        new("an early hint before the answer", "8297 2", "HTTP/1.1 103 Early Hints¶Link: </x>; rel=preload¶¶HTTP/1.1 200 OK¶Content-Length: 2¶¶ok", 200) { Content = "ok", Hides = ["Link"], Lenience = "interim-answers" },
        new("three interim answers before the answer", "9110 15.2", "HTTP/1.1 100 Continue¶¶HTTP/1.1 102 Processing¶¶HTTP/1.1 103 Early Hints¶¶HTTP/1.1 200 OK¶Content-Length: 2¶¶ok", 200) { Content = "ok" },
        No("a flood of interim answers", "9110 15.2", string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints¶Link: </x>¶¶", 5_000))),
        No("an interim answer without end", "9110 15.2", "HTTP/1.1 103 Early Hints¶" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"X{i}: {i}¶"))),
        No("a switch of protocols behind an interim answer", "9110 15.2.2", "HTTP/1.1 100 Continue¶¶HTTP/1.1 101 Switching Protocols¶Connection: Upgrade¶Upgrade: h2c¶¶"),
    ];

    private static ResponseCase Gone(string name, string clause, string line) =>
        Ok($"{name} does not travel", clause, With(line)) with { Hides = [$"¶{line.Split('¶')[^1]}¶"] };
}
