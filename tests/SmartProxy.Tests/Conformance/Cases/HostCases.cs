using static SmartProxy.Tests.Conformance.RequestCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>One authority (RFC 9112 3.2, RFC 9110 7.2 and 7.4).</summary>
internal static class HostCases
{
    public static IEnumerable<RequestCase> All =>
    [
        No("no Host", "9112 3.2", "GET {o}/ HTTP/1.1¶X: y¶¶"),
        No("two Host lines", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h}¶Host: {h}¶¶"),
        No("two Host lines that differ", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h}¶Host: other.test¶¶"),
        No("an empty Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host:¶¶"),
        No("a Host of blanks", "9112 3.2", "GET {o}/ HTTP/1.1¶Host:   ¶¶"),
        No("another Host", "9112 3.2.2", "GET {o}/ HTTP/1.1¶Host: other.test¶¶") with { StatusInTunnel = 421, StatusOfNamed = 421, Lenience = "host-differs" },
        No("another port in Host", "9112 3.2.2", "GET {o}/ HTTP/1.1¶Host: origin.test:1¶¶") with { StatusInTunnel = 421, StatusOfNamed = 421, Lenience = "host-differs" },
        No("no port in Host", "9112 3.2.2", "GET {o}/ HTTP/1.1¶Host: origin.test¶¶") with { StatusInTunnel = 421, StatusOfNamed = 421, Lenience = "host-differs" },
        No("a list in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h}, other.test¶¶"),
        No("two names in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h} other.test¶¶"),
        No("user information in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: u@{h}¶¶"),
        No("a path in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h}/x¶¶"),
        No("a scheme in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: http://{h}¶¶"),
        No("a control character in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h}\u0001¶¶"),
        No("a byte outside ASCII in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: \u00f6{h}¶¶"),
        No("a percent sign in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: %6f{h}¶¶"),
        No("a broken IPv6 literal in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: [::1¶¶"),
        No("a port that is no number in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: origin.test:8o¶¶"),
        No("two ports in Host", "9112 3.2", "GET {o}/ HTTP/1.1¶Host: {h}:80¶¶"),
        No("a space before the colon of Host", "9112 5.1", "GET {o}/ HTTP/1.1¶Host : {h}¶¶"),
        No("a folded Host", "9112 5.2", "GET {o}/ HTTP/1.1¶Host:¶ {h}¶¶"),
        No("a folded line behind Host", "9112 5.2", "GET {o}/ HTTP/1.1¶Host: {h}¶ other.test¶¶"),
        Ok("blanks around Host", "9112 5.1", "GET {o}/ HTTP/1.1¶Host: \t {h} \t¶¶", "¶Host: {h}¶"),
        Ok("Host as the last field", "9112 3.2", "GET {o}/ HTTP/1.1¶X: y¶Host: {h}¶¶", "¶Host: {h}¶"),
        Ok("the name of Host in capitals", "9110 5.1", "GET {o}/ HTTP/1.1¶HOST: {h}¶¶", "¶Host: {h}¶"),
        Ok("Host in capitals is the same host", "9110 4.2.3", "GET {o}/ HTTP/1.1¶Host: ORIGIN.Test:{p}¶¶", "¶Host: {h}¶") with { StatusOfNamed = 421 },
        new("target and Host in capitals are the same host", "9110 4.2.3", "GET http://ORIGIN.Test:{p}/ HTTP/1.1¶Host: ORIGIN.Test:{p}¶¶", 200) { Only = Entry.Port, Sees = ["¶Host: {h}¶"] },
        new("a target in capitals is the same host", "9110 4.2.3", "GET http://ORIGIN.TEST:{p}/ HTTP/1.1¶Host: {h}¶¶", 200) { Only = Entry.Port, Sees = ["¶Host: {h}¶"] },
        new("Host with a dot at its end inside a tunnel is the same host", "9110 4.2.3", "GET / HTTP/1.1¶Host: origin.test.:{p}¶¶", 200) { Only = Entry.Tunnel, Sees = ["¶Host: {h}¶"], Lenience = "trailing-dot" },
        Ok("version 1.0 without Host", "9112 3.2", "GET {o}/ HTTP/1.0¶¶", "¶Host: {h}¶") with { Closes = true, StatusOfNamed = 421, Lenience = "called-by-no-name" },
        Ok("version 1.0 with Host", "9112 3.2", "GET {o}/ HTTP/1.0¶Host: {h}¶¶", "¶Host: {h}¶") with { Closes = true },
        No("X-Forwarded-Host changes nothing", "9110 7.2", With("X-Forwarded-Host: other.test"), 200) with { Sees = ["¶Host: {h}¶"] },
        No("a second request of a connection is held to the same authority", "9110 7.4", "GET {o}/ HTTP/1.1¶Host: {h}¶{a}¶GET {o}/ HTTP/1.1¶Host: other.test¶{a}¶", 200) with { Closes = true },
    ];
}
