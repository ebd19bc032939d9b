namespace SmartProxy.Demo;

/// <summary>Tells a story in lines; colours only where a terminal shows them.</summary>
internal sealed class DemoTeller(TextWriter output, bool useColours)
{
    private const string Green = "32";
    private const string Red = "31";
    private const string Bold = "1";
    private const string Dim = "2";

    public void Line(string text = "") => output.WriteLine(text);

    public void Head(string text) => output.WriteLine(Paint(Bold, text));

    /// <summary>What is about to happen.</summary>
    public void Step(int number, string text) => output.WriteLine($"\n{Paint(Bold, $"{number}. {text}")}");

    /// <summary>What was seen, and whether it is what should be seen.</summary>
    public void Seen(bool isRight, string text) => output.WriteLine($"   {(isRight ? Paint(Green, "✓") : Paint(Red, "✗"))} {text}");

    public void Aside(string text) => output.WriteLine(Paint(Dim, "   " + text));

    private string Paint(string code, string text) => useColours ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
