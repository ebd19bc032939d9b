namespace SmartProxy.Tests.Conformance;

/// <summary>One answer of an origin's, and what an agent may see of it.</summary>
/// <param name="Name">What is odd about it, in words.</param>
/// <param name="Clause">The clause that it comes from: number of the RFC and section.</param>
/// <param name="Bytes">The answer; <c>¶</c> is CRLF.</param>
/// <param name="Status">The status that the agent sees.</param>
internal sealed record ResponseCase(string Name, string Clause, string Bytes, int Status)
{
    /// <summary>Whether the origin ends the connection behind these bytes.</summary>
    public bool Ends { get; init; }

    /// <summary>Whether the answer breaks off at the agent too.</summary>
    public bool IsTorn { get; init; }

    /// <summary>Whether the connection to the origin must not be used again.</summary>
    public bool IsSpoilt { get; init; }

    public string Method { get; init; } = "GET";

    /// <summary>Lines of the agent's, each with its line end.</summary>
    public string Asks { get; init; } = "";

    /// <summary>The content that the agent gets; null where there is nothing to compare.</summary>
    public string? Content { get; init; }

    public string[] Sees { get; init; } = [];

    public string[] Hides { get; init; } = [];

    /// <summary>The row of the table in <c>docs/conformance.md</c> that says why.</summary>
    public string? Lenience { get; init; }

    public static ResponseCase Ok(string name, string clause, string bytes, params string[] sees) => new(name, clause, bytes, 200) { Sees = sees, Content = "ok" };

    /// <summary>An answer that nobody but us gets to see.</summary>
    public static ResponseCase No(string name, string clause, string bytes) => new(name, clause, bytes, 502) { IsSpoilt = true };

    /// <summary>A good answer with more header lines.</summary>
    public static string With(string lines) => $"HTTP/1.1 200 OK¶Content-Length: 2¶{lines}¶¶ok";

    /// <summary>A head that ends in these lines, with this body.</summary>
    public static string Framed(string lines, string body) => $"HTTP/1.1 200 OK¶{lines}¶¶{body}";
}
