using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Ledger;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Protocol.X402;
using SmartProxy.Receipts;
using SmartProxy.TestKit;
using SmartProxy.Tests.Receipts;

namespace SmartProxy.Tests.Fuzz;

/// <summary>
/// Everything that reads bytes of strangers, with inputs that are almost good: it fails only in the way that it declares, takes nothing that its own
/// canonical form disagrees with, and needs no more memory than its input explains. <c>SMARTPROXY_LONG=1</c> runs each target for a minute.
/// </summary>
public sealed class FuzzTests
{
    private const int ShortRuns = 4_000;
    private const int MostFields = 200;
    private const long AllowedBytes = 4 * 1024 * 1024;
    private const long AllowedBytesPerByte = 400;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SMARTPROXY_LONG") == "1";
    private static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly TimeSpan LongTime = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_connect_head_is_taken_as_its_canonical_form_or_refused() => Run(Corpus.ConnectHeads, ["CONNECT ", " HTTP/1.1", "Host: ", "a.test:443"], input =>
    {
        var bytes = new ReadOnlySequence<byte>(input);
        _ = ConnectHead.IsConnect(bytes);
        var end = ConnectHead.FindEnd(bytes);
        if (!ConnectHead.TryParse(end is { } length ? bytes.Slice(0, length) : bytes, out var head))
        {
            return false;
        }

        var text = Encoding.Latin1.GetString(input, 0, (int)end!.Value);
        Assert.StartsWith("CONNECT ", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.DoesNotContain('\r', text.Replace("\r\n", "", StringComparison.Ordinal));
        var canonical = string.Create(CultureInfo.InvariantCulture, $"CONNECT {head.Host.ToAuthority()}:{head.Port} HTTP/1.1\r\nHost: {head.Host.ToAuthority()}:{head.Port}\r\n\r\n");
        Assert.True(ConnectHead.TryParse(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(canonical)), out var again));
        Assert.Equal((head.Host, head.Port), (again.Host, again.Port));
        return true;
    });

    [Fact]
    public void Terms_in_a_body_say_the_same_when_they_are_written_anew_or_are_not_payable() => Run(Terms(1), TermWords, input =>
        CheckTerms(bytes => X402Reader.Read(402, _ => [], bytes, bodyIsWhole: true, "application/json", "https://seller.test/", Profile), input));

    [Fact]
    public void Terms_in_a_header_say_the_same_when_they_are_written_anew_or_are_not_payable() => Run(Terms(2), TermWords, input =>
        CheckTerms(bytes => X402Reader.Read(402, name => name == X402Reader.HeaderName ? [Convert.ToBase64String(bytes)] : [], "{}"u8.ToArray(), bodyIsWhole: true, null, "https://seller.test/", Profile), input));

    [Fact]
    public void A_header_that_is_no_base64_of_terms_is_only_ever_malformed() => Run([.. Terms(2).Select(document => Encoding.ASCII.GetBytes(Convert.ToBase64String(document)))], ["=", "==", "-", "_", "\r\n"], input =>
    {
        var line = Encoding.Latin1.GetString(input).Trim(' ', '\t'); // blanks around a field value are none of it (RFC 9110 5.5)
        var challenge = X402Reader.Read(402, _ => [line], default, bodyIsWhole: true, null, null, Profile);
        Assert.NotEqual(ChallengeClass.NotX402, challenge.Class);
        Assert.True(challenge.Class != ChallengeClass.Payable || Convert.ToBase64String(Convert.FromBase64String(line.PadRight((line.Length + 3) / 4 * 4, '='))).TrimEnd('=') == line.TrimEnd('='));
        return challenge.Class == ChallengeClass.Payable;
    });

    [Fact]
    public void A_request_with_headers_passes_the_table_only_if_every_field_is_clean() => Run(Corpus.RequestFields, FieldWords, input =>
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Protocol = "HTTP/1.1";
        foreach (var (name, value) in Fields(input))
        {
            context.Request.Headers.Append(name, value);
        }

        if (MessageFaults.Find(context.Request) is { } refusal)
        {
            Assert.InRange(refusal.Status, 400, 501);
            return false;
        }

        foreach (var (name, values) in context.Request.Headers)
        {
            Assert.False(name.AsSpan().ContainsAnyExcept(Token));
            Assert.DoesNotContain(values.ToString(), static c => (c < 32 && c != '\t') || c == 127);
            Assert.False(HeaderRules.TravelsToOrigin(name) && name.StartsWith("proxy-", StringComparison.OrdinalIgnoreCase));
            Assert.False(HeaderRules.TravelsToAgent(name) && name.StartsWith("smart-proxy-", StringComparison.OrdinalIgnoreCase));
        }

        Assert.False(context.Request.Headers.TransferEncoding.Count > 0 && (context.Request.Headers.ContentLength is not null || context.Request.Headers.TransferEncoding != "chunked"));
        return true;
    });

    [Fact]
    public void An_answer_passes_the_table_only_if_every_field_is_clean() => Run(Corpus.AnswerFields, FieldWords, input =>
    {
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent([]) };
        foreach (var (name, value) in Fields(input))
        {
            _ = response.Headers.TryAddWithoutValidation(name, value) || response.Content.Headers.TryAddWithoutValidation(name, value);
        }

        if (MessageFaults.Find(response, isUpgrade: false) is not null)
        {
            return false;
        }

        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            Assert.False(name.AsSpan().ContainsAnyExcept(Token));
            Assert.All(values, value => Assert.DoesNotContain(value, static c => (c < 32 && c != '\t') || c == 127));
            Assert.False(HeaderRules.TravelsToAgent(name) && OfOneConnection.Contains(name, StringComparer.OrdinalIgnoreCase));
            Assert.False(HeaderRules.TravelsToAgent(name) && (name.StartsWith("proxy-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("smart-proxy-", StringComparison.OrdinalIgnoreCase)));
        }

        return true;
    });

    [Fact]
    public void A_policy_loads_whole_and_the_same_again_or_names_its_problems() => Run(Policies(), ["agents", "limits", "allow", "\"1.00\"", "*", "day", "base"], input =>
    {
        var load = PolicyLoader.Load(input, "policies.json", AssetRegistry.Default);
        if (load.Policy is not { } policy)
        {
            Assert.NotEmpty(load.Problems);
            Assert.All(load.Problems, problem => Assert.DoesNotContain('\n', problem.ToString()));
            return false;
        }

        Assert.Empty(load.Problems);
        var again = PolicyLoader.Load(Encoding.UTF8.GetBytes(policy.Text), "policies.json", AssetRegistry.Default).Policy;
        Assert.Equal(policy.Hash, again?.Hash);
        return true;
    });

    [Fact]
    public void A_journal_line_means_the_same_when_it_is_written_anew_or_is_refused() => Run(Corpus.JournalLines, ["\"seq\":", "\"type\":\"sent\"", "\"payment\":"], input =>
    {
        if (!JournalReader.TryRead(input, out var line, out var problem))
        {
            Assert.False(string.IsNullOrEmpty(problem));
            return false;
        }

        // Spellings of the same value (an escape, a capital hex digit) are the chain's to catch: its hash is over the bytes.
        var written = Write(line);
        Assert.True(JournalReader.TryRead(written, out var again, out _));
        Assert.Equal((line.Sequence, line.Previous, line.At, line.Entry.GetType()), (again.Sequence, again.Previous, again.At, again.Entry.GetType()));
        Assert.Equal(written, Write(again));
        return true;
    });

    [Fact]
    public void Only_the_receipt_that_was_issued_is_genuine()
    {
        using var folder = new TempFolder();
        ReceiptKeys.Create(folder.File("keys"), ReceiptSamples.Decided.AddDays(-1));
        using var keys = ReceiptKeys.Load(folder.File("keys"));
        var issued = new ReceiptIssuer(keys, new FakeTimeProvider(ReceiptSamples.Decided.AddSeconds(2))).Issue(ReceiptSamples.Paid);
        byte[][] corpus = [Encoding.ASCII.GetBytes(issued.Jws + "\0" + keys.Jwks)];
        Run(corpus, [".", "=", "ES256", "none", "\"alg\""], input =>
        {
            var text = Encoding.Latin1.GetString(input).Split('\0', 2);
            if (ReceiptVerifier.Verify(text[0], text.Length > 1 ? text[1] : keys.Jwks) is not ReceiptVerification.Genuine genuine)
            {
                return false;
            }

            Assert.Equal(issued.Jws, text[0].Trim());
            Assert.Equal(issued.Payload, genuine.Payload);
            return true;
        });
    }

    private static byte[] Write(JournalLine line)
    {
        var written = new ArrayBufferWriter<byte>();
        new JournalWriter(line.Sequence - 1, line.Previous).Append(line.Entry, line.At, written);
        return written.WrittenSpan[..^1].ToArray();
    }

    private static readonly string[] TermWords = ["\"amount\"", "\"payTo\"", "\"accepts\"", "\"x402Version\":2", "eip155:84532", "exact", "\"10000\""];

    private static ReaderProfile Profile { get; } = new(new HashSet<ChainId> { new(84532), new(8453) });

    // Written anew without blanks and with the fewest escapes, the document means the same to us.
    private static bool CheckTerms(Func<byte[], Challenge> read, byte[] document)
    {
        var challenge = read(document);
        if (challenge.Class != ChallengeClass.Payable)
        {
            Assert.Matches("^[a-z0-9_]+$", challenge.Reason);
            return false;
        }

        using var parsed = JsonDocument.Parse(document, new JsonDocumentOptions { AllowDuplicateProperties = false });
        var again = read(JsonSerializer.SerializeToUtf8Bytes(parsed.RootElement));
        Assert.Equal(ChallengeClass.Payable, again.Class);
        Assert.Equal(challenge.Offers.Select(Figures), again.Offers.Select(Figures));
        return true;
    }

    private static string Figures(PaymentOffer offer) => string.Create(CultureInfo.InvariantCulture, $"{offer.Amount} {offer.Asset} {offer.PayTo} {offer.Network}");

    private static void Run(IReadOnlyList<byte[]> corpus, IReadOnlyList<string> words, Func<byte[], bool> property)
    {
        var mutator = new Mutator(corpus, words);
        var (start, runs, taken) = (TimeProvider.System.GetTimestamp(), 0, 0);
        for (; IsLong ? TimeProvider.System.GetElapsedTime(start) < LongTime : runs < ShortRuns; runs++)
        {
            var input = mutator.Make(runs);
            taken += Try(input, runs, property) ? 1 : 0;
        }

        // A property that nothing reaches proves nothing.
        Assert.InRange(taken, 1, runs - 1);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{runs} inputs, {taken} of them taken"));
    }

    private static bool Try(byte[] input, int seed, Func<byte[], bool> property)
    {
        try
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isTaken = property(input);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllowedBytes + (AllowedBytesPerByte * input.Length));
            return isTaken;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {Convert.ToBase64String(input)}", e);
        }
    }

    private static readonly string[] FieldWords = ["Content-Length", "Transfer-Encoding", "Connection", "chunked", "close"];

    private static readonly string[] OfOneConnection = ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Alt-Svc"];

    private static IEnumerable<(string Name, string Value)> Fields(byte[] input) => Encoding.Latin1.GetString(input).Split('\n').Take(MostFields)
        .Select(line => line.Split(':', 2))
        .Where(field => field.Length == 2 && field[0].Length > 0)
        .Select(field => (field[0], field[1]));

    private static byte[][] Policies() =>
        [.. Directory.GetFiles(Repository.PathOf("tests", "vectors", "policies"), "*.json").Order().Append(Repository.PathOf("policies.example.json")).Select(File.ReadAllBytes).Where(bytes => bytes.Length < 8_000)];

    private static byte[][] Terms(int version) =>
        [.. Repository.Vectors("payment_required_cases").GetProperty("cases").EnumerateArray()
            .SelectMany(c => (string[])[Text(c, "document"), Text(c, "body")])
            .Append(EndToEnd.Terms.Body)
            .Append(Encoding.UTF8.GetString(Convert.FromBase64String(EndToEnd.Terms.Header())))
            .Where(document => document.Contains($"\"x402Version\":{version}", StringComparison.Ordinal) && document.Length < 8_000)
            .Select(document => Encoding.UTF8.GetBytes(document))];

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
}
