namespace SmartProxy.Tests.Conformance;

/// <summary>One request of an agent's, and what has to become of it. The templates are those of <see cref="WireLab.Write"/>.</summary>
/// <param name="Name">What is odd about it, in words.</param>
/// <param name="Clause">The clause that it comes from: number of the RFC and section.</param>
/// <param name="Bytes">The request.</param>
/// <param name="Status">The status of the first answer.</param>
internal sealed record RequestCase(string Name, string Clause, string Bytes, int Status)
{
    /// <summary>The status inside a tunnel, where another part of the proxy may be the first to see it.</summary>
    public int? StatusInTunnel { get; init; }

    /// <summary>The status of a named upstream, whose requests are in origin form and name the proxy as their host.</summary>
    public int? StatusOfNamed { get; init; }

    /// <summary>Whether the connection has to end behind the answer. What is ambiguous ends it; what is only refused does not have to.</summary>
    public bool? Closes { get; init; }

    /// <summary>Text that must stand in what the origin gets, line by line.</summary>
    public string[] Sees { get; init; } = [];

    /// <summary>Text that must not stand in what the origin gets, in any case of letters.</summary>
    public string[] Hides { get; init; } = [];

    /// <summary>The content that the origin gets; null where there is nothing to compare.</summary>
    public string? Content { get; init; }

    /// <summary>Requests in these bytes.</summary>
    public int Requests { get; init; } = 1;

    /// <summary>The only entry where it makes sense; null runs it at all.</summary>
    public Entry? Only { get; init; }

    /// <summary>The row of the table in <c>docs/conformance.md</c> that says why this is let through, or is refused though it could pass.</summary>
    public string? Lenience { get; init; }

    public int StatusAt(Entry entry) => entry switch
    {
        Entry.Tunnel or Entry.PlainTunnel => StatusInTunnel ?? Status,
        Entry.Named => StatusOfNamed ?? Status,
        _ => Status,
    };

    public bool PassesAt(Entry entry) => StatusAt(entry) == 200;

    public bool MustCloseAt(Entry entry) => Closes ?? StatusAt(entry) is 400 or 405 or 414 or 421 or 431 or 501 or 505;

    public string Method => Bytes.TrimStart('¶').Split(' ')[0];

    public static RequestCase Ok(string name, string clause, string bytes, params string[] sees) => new(name, clause, bytes, 200) { Sees = sees };

    public static RequestCase No(string name, string clause, string bytes, int status = 400) => new(name, clause, bytes, status);

    /// <summary>A GET with one more header line.</summary>
    public static string With(string line) => $"GET {{o}}/ HTTP/1.1¶Host: {{h}}¶{line}¶¶";

    /// <summary>A POST with header lines and a body.</summary>
    public static string Post(string lines, string body) => $"POST {{o}}/ HTTP/1.1¶Host: {{h}}¶{lines}¶¶{body}";
}
