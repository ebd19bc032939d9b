using static SmartProxy.Tests.Conformance.RequestCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>Connections that stay, end, and carry several requests (RFC 9112 9).</summary>
internal static class ConnectionCases
{
    private const string Get = "GET {o}/1 HTTP/1.1¶Host: {h}¶{a}¶";

    public static IEnumerable<RequestCase> All =>
    [
        Ok("a connection stays open", "9112 9.3", "GET {o}/ HTTP/1.1¶Host: {h}¶¶"),
        Ok("Connection: close ends it", "9112 9.6", With("Connection: close")) with { Closes = true },
        Ok("Connection: Close in capitals ends it", "9112 9.6", With("Connection: CLOSE")) with { Closes = true },
        Ok("version 1.0 ends it", "9112 9.3", "GET {o}/ HTTP/1.0¶Host: {h}¶¶") with { Closes = true },
        Ok("version 1.0 may keep it", "9112 C.2.2", "GET {o}/ HTTP/1.0¶Host: {h}¶Connection: keep-alive¶¶") with { Closes = false },
        Ok("two requests at once", "9112 9.3.2", Get + Get) with { Requests = 2 },
        Ok("five requests at once", "9112 9.3.2", Get + Get + Get + Get + Get) with { Requests = 5 },
        Ok("a request behind a body", "9112 9.3.2", "POST {o}/ HTTP/1.1¶Host: {h}¶Content-Length: 5¶{a}¶hello" + Get) with { Requests = 2, Content = "hello" },
        Ok("a request behind chunks", "9112 9.3.2", "POST {o}/ HTTP/1.1¶Host: {h}¶Transfer-Encoding: chunked¶{a}¶5¶hello¶0¶¶" + Get) with { Requests = 2, Content = "hello" },
        Ok("a request behind chunks with trailers", "9112 9.3.2", "POST {o}/ HTTP/1.1¶Host: {h}¶Transfer-Encoding: chunked¶{a}¶5¶hello¶0¶X-End: 1¶¶" + Get) with { Requests = 2, Content = "hello" },
        Ok("an empty line between requests", "9112 2.2", Get + "¶" + Get) with { Requests = 2 },
        No("nothing behind a closing request is read", "9112 9.6", "GET {o}/1 HTTP/1.1¶Host: {h}¶Connection: close¶{a}¶" + Get, 200) with { Closes = true },
        No("nothing behind a malformed request is read", "9112 9.3.2", "GET {o}/1 HTTP/1.1¶Host: {h}¶X(Y): 1¶{a}¶" + Get),
        Ok("a HEAD has no body in its answer", "9110 9.3.2", "HEAD {o}/ HTTP/1.1¶Host: {h}¶¶", "HEAD / HTTP/1.1¶"),
        Ok("HEAD and GET at once", "9110 9.3.2", "HEAD {o}/1 HTTP/1.1¶Host: {h}¶{a}¶") with { Requests = 1 },
        Ok("a PUT", "9110 9.3.4", "PUT {o}/ HTTP/1.1¶Host: {h}¶Content-Length: 5¶¶hello", "PUT / HTTP/1.1¶") with { Content = "hello" },
        Ok("a PATCH", "5789 2", "PATCH {o}/ HTTP/1.1¶Host: {h}¶Content-Length: 5¶¶hello", "PATCH / HTTP/1.1¶") with { Content = "hello" },
    ];
}
