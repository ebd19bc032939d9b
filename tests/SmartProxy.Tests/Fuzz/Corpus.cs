using System.Text;
using System.Text.RegularExpressions;
using SmartProxy.TestKit;
using SmartProxy.Tests.Conformance;
using SmartProxy.Tests.Network;

namespace SmartProxy.Tests.Fuzz;

/// <summary>What the mutator starts from: committed lines, and every case of the conformance and notation lists, so that the corpus grows with them.</summary>
internal static class Corpus
{
    // Longer ones leave no room for changes that matter.
    private const int Longest = 4_000;

    public static byte[][] ConnectHeads =>
        [.. Lines("connect-head"), .. NotationTests.Spellings.Select(host => Encoding.Latin1.GetBytes($"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"))];

    public static byte[][] RequestFields => [.. Lines("headers"), .. FieldsOf(RequestConformanceTests.Cases.Values.Select(test => test.Bytes))];

    public static byte[][] AnswerFields => [.. Lines("headers"), .. FieldsOf(ResponseConformanceTests.Cases.Values.Select(test => test.Bytes))];

    public static byte[][] JournalLines =>
        [.. File.ReadAllLines(PathOf("journal")).Concat(Directory.GetFiles(Repository.PathOf("tests", "vectors", "journals"), "journal-*.jsonl", SearchOption.AllDirectories).SelectMany(File.ReadAllLines))
            .Where(line => line.Length is > 0 and < Longest).Distinct().Select(Encoding.UTF8.GetBytes)];

    private static IEnumerable<byte[]> Lines(string name) => File.ReadAllLines(PathOf(name)).Select(line => Encoding.Latin1.GetBytes(Regex.Unescape(line)));

    // The field lines of a message (¶ is CRLF), one to a line.
    private static IEnumerable<byte[]> FieldsOf(IEnumerable<string> messages) => messages
        .Select(message => string.Join('\n', message.TrimStart('¶').Split("¶¶")[0].Split('¶').Skip(1)))
        .Where(fields => fields.Length is > 0 and < Longest)
        .Distinct()
        .Select(Encoding.Latin1.GetBytes);

    private static string PathOf(string name) => Repository.PathOf("tests", "vectors", "fuzz", name + ".txt");
}
