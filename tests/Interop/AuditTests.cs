using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

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
    public async Task The_chain_is_the_notary_of_the_journal()
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        foreach (var n in new[] { 1, 2, 3 })
        {
            Assert.Equal(200, (await agents.AskAsync("curl", $"{Lab.V2.Http}/paid?m={Mark}-{n}")).Status);
        }

        await Lab.MineAsync(3);
        await Proxy.StopAsync();

        var honest = await VerifyAsync();
        Assert.True(honest.ExitCode == 0, honest.Output + honest.Error);

        var betrayed = RewriteHistory();
        var rewritten = await VerifyAsync();
        Assert.NotEqual(0, rewritten.ExitCode);
        Assert.Contains(betrayed, rewritten.Output + rewritten.Error, StringComparison.Ordinal);
    }

    private Task<Finished> VerifyAsync() => Proxy.CliAsync("ledger", "verify", "--data", Proxy.Data, "--rpc", Lab.Rpc);

    /// <summary>
    /// What a skilled forger with the whole folder can do: change the path of the first payment, and chain every later line anew, head file
    /// included. The forger can't change a later payment's decision record, since its nonce is on the chain, and the record names the
    /// journal's old head. Gives the id of the first payment that betrays it.
    /// </summary>
    private string RewriteHistory()
    {
        var journal = Directory.GetFiles(Path.Combine(Proxy.Data, "ledger"), "journal-*.jsonl").Order(StringComparer.Ordinal).Single();
        var lines = File.ReadAllLines(journal);
        var reserved = lines.Index().Where(line => TypeOf(line.Item) == "reserved").Select(line => line.Index).ToArray();
        var original = HashOf(lines[^1]);

        lines[reserved[0]] = lines[reserved[0]].Replace("\"path\":\"/paid\"", "\"path\":\"/free\"", StringComparison.Ordinal);
        for (var n = reserved[0] + 1; n < lines.Length; n++)
        {
            var prev = JsonNode.Parse(lines[n])!["prev"]!.GetValue<string>();
            // Only the chain's own member; the one inside the decision record stays as it was signed.
            lines[n] = lines[n].Replace($"\"prev\":\"{prev}\"", $"\"prev\":\"{HashOf(lines[n - 1])}\"", StringComparison.Ordinal);
        }

        File.WriteAllText(journal, string.Join('\n', lines) + "\n");
        foreach (var head in Directory.GetFiles(Path.GetDirectoryName(journal)!).Where(file => file != journal))
        {
            File.WriteAllText(head, File.ReadAllText(head).Replace(original, HashOf(lines[^1]), StringComparison.Ordinal));
        }

        return JsonNode.Parse(lines[reserved[1]])!["payment"]!.GetValue<string>();
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
