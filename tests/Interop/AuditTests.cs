using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SmartProxy.Protocol;

namespace SmartProxy.Interop.Tests;

/// <summary>What an auditor can prove: receipts with public keys, the journal with the chain as notary.</summary>
public sealed class AuditTests(Laboratory laboratory) : InteropTest(laboratory)
{
    [Theory]
    [InlineData("/paid", 200)]
    [InlineData("/dear", 403)]
    public async Task A_receipt_is_fetched_by_its_agent_and_verified_with_public_keys(string path, int status)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());

        var answer = await agents.AskAsync("curl", $"{Lab.V2.Https}{path}?m={Mark}");
        Assert.True(answer.Status == status, answer.ToString());
        await DownloadAsync($"/v1/receipts/{answer.Receipt}", "receipt.jws", agents.Token);
        await DownloadAsync("/.well-known/jwks.json", "jwks.json");

        var good = await Proxy.CliAsync("receipt", "verify", Proxy.File("receipt.jws"), "--jwks", Proxy.File("jwks.json"));
        Assert.True(good.ExitCode == 0, good.Error);

        await ForgeAsync(Proxy.File("receipt.jws"));
        var forged = await Proxy.CliAsync("receipt", "verify", Proxy.File("receipt.jws"), "--jwks", Proxy.File("jwks.json"));
        Assert.NotEqual(0, forged.ExitCode);
    }

    [Fact]
    public async Task An_honest_journal_agrees_with_the_chain()
    {
        await PayThreeTimesAsync();

        var verified = await VerifyAsync("--rpc", Lab.Rpc);

        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
        Assert.Contains("explains 3 settled payments", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forger_who_chains_the_lines_anew_is_betrayed_by_the_decision_records()
    {
        await PayThreeTimesAsync();
        Forge(makesRecordsAnew: false);

        var verified = await VerifyAsync();

        Assert.NotEqual(0, verified.ExitCode);
        Assert.Contains("commits to a line that is not in this journal", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forger_who_makes_the_decision_records_anew_is_betrayed_by_the_chain()
    {
        await PayThreeTimesAsync();
        var (payment, nonce) = Forge(makesRecordsAnew: true);

        var alone = await VerifyAsync();
        var withChain = await VerifyAsync("--rpc", Lab.Rpc);

        Assert.True(alone.ExitCode == 0, "the forgery is perfect but for the chain: " + alone.Output);
        Assert.NotEqual(0, withChain.ExitCode);
        Assert.Contains(payment, withChain.Output, StringComparison.Ordinal);
        Assert.Contains(nonce, withChain.Output, StringComparison.Ordinal);
    }

    private async Task PayThreeTimesAsync()
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        foreach (var n in new[] { 1, 2, 3 })
        {
            Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-{n}")).Status);
        }

        await Lab.MineAsync(3);
        await Proxy.StopAsync();
    }

    private Task<Finished> VerifyAsync(params string[] more) => Proxy.CliAsync(["ledger", "verify", "--data", Proxy.Data, .. more]);

    /// <summary>
    /// Changes the path of the first payment and chains every later line anew, head file included. A perfect forger makes the later
    /// decision records anew too, and their nonces. Gives the id and the true nonce of the first payment after the change.
    /// </summary>
    private (string Payment, string Nonce) Forge(bool makesRecordsAnew)
    {
        var folder = Path.Combine(Proxy.Data, "ledger");
        var journal = Directory.GetFiles(folder, "journal-*.jsonl").Single();
        var lines = File.ReadAllLines(journal);
        var reserved = lines.Index().Where(line => TypeOf(line.Item) == "reserved").Select(line => line.Index).ToArray();
        var (first, next) = (reserved[0], JsonNode.Parse(lines[reserved[1]])!);
        var renamed = new Dictionary<string, string>();
        var oldHead = HashOf(lines[^1]);
        for (var n = first; n < lines.Length; n++)
        {
            var (old, line) = (HashOf(lines[n]), lines[n]);
            if (n == first)
            {
                line = line.Replace("\"path\":\"/paid\"", "\"path\":\"/free\"", StringComparison.Ordinal);
                Assert.NotEqual(lines[n], line);
            }

            foreach (var (before, after) in renamed)
            {
                // The chain's own member always; the head inside a decision record only by whoever makes records anew.
                line = makesRecordsAnew
                    ? line.Replace(before, after, StringComparison.Ordinal)
                    : line.Replace($"\"prev\":\"{before}\"", $"\"prev\":\"{after}\"", StringComparison.Ordinal);
            }

            lines[n] = makesRecordsAnew && n > first && reserved.Contains(n) ? WithItsOwnNonce(line) : line;
            renamed[old] = HashOf(lines[n]);
        }

        File.WriteAllText(journal, string.Join('\n', lines) + "\n");
        foreach (var file in Directory.GetFiles(folder).Where(file => file != journal))
        {
            File.WriteAllText(file, File.ReadAllText(file).Replace(oldHead, renamed[oldHead], StringComparison.Ordinal));
        }

        return (next["payment"]!.GetValue<string>(), next["authorization"]!["nonce"]!.GetValue<string>());
    }

    private static string WithItsOwnNonce(string line)
    {
        var reservation = JsonNode.Parse(line)!;
        var record = reservation["record"]!.GetValue<string>();
        var nonce = Bytes32.Keccak256(Encoding.UTF8.GetBytes(record)).ToString();
        return line.Replace(reservation["authorization"]!["nonce"]!.GetValue<string>(), nonce, StringComparison.Ordinal);
    }

    private static string? TypeOf(string line) => JsonDocument.Parse(line).RootElement.GetProperty("type").GetString();

    private static string HashOf(string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));

    private async Task DownloadAsync(string path, string file, string? token = null)
    {
        string[] header = token is null ? [] : ["-H", "Smart-Proxy-Token: " + token];
        _ = (await Shell.RunAsync("curl", ["-sSf", .. header, "-o", Proxy.File(file), $"http://{Proxy.Listen}{path}"])).Text;
    }

    /// <summary>Makes the payment cheaper, as someone who hides an expense would.</summary>
    private static async Task ForgeAsync(string file)
    {
        var parts = (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Trim().Split('.');
        Assert.Equal(3, parts.Length);
        var statement = JsonNode.Parse(Convert.FromBase64String(Padded(parts[1])))!.AsObject();
        statement["forged"] = true;
        parts[1] = Convert.ToBase64String(Encoding.UTF8.GetBytes(statement.ToJsonString())).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        await File.WriteAllTextAsync(file, string.Join('.', parts), TestContext.Current.CancellationToken);
    }

    private static string Padded(string base64Url) =>
        base64Url.Replace('-', '+').Replace('_', '/').PadRight((base64Url.Length + 3) / 4 * 4, '=');
}
