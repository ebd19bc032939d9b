using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SmartProxy.Interop.Tests;

/// <summary>
/// Programs without payment code buy from the official sellers. They use what <c>smartproxy env</c> prints and nothing else, and the chain
/// moves by exactly the price.
/// </summary>
public sealed class UnmodifiedClientTests(Laboratory laboratory) : InteropTest(laboratory)
{
    private const int Price = 10_000;

    public static MatrixTheoryData<string, string, string> Everything => new(["curl", "node", "python"], ["v2", "v1"], ["https", "http"]);

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_paid_GET_moves_exactly_the_price(string program, string version, string scheme)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var (seller, origin) = Pick(version, scheme);

        Answer answer = null!;
        var moved = await MovedAsync(seller, async () => answer = await agents.AskAsync(program, $"{origin}/paid?m={Mark}"));

        Assert.True(answer.Status == 200, answer.ToString());
        Assert.Equal($"/paid?m={Mark}", answer.Json.GetProperty("sold").GetString());
        Assert.NotNull(answer.Receipt);
        Assert.Equal((UInt128)Price, moved);
        Assert.Contains(Assert.Single(await Lab.NoncesAsync(Mark)), await Lab.UsedNoncesAsync());
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_paid_POST_arrives_byte_for_byte(string program, string version, string scheme)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var (seller, origin) = Pick(version, scheme);
        var body = RandomNumberGenerator.GetBytes(300_000);
        await File.WriteAllBytesAsync(Proxy.File("body.bin"), body, TestContext.Current.CancellationToken);

        Answer answer = null!;
        var moved = await MovedAsync(seller, async () => answer = await agents.AskAsync(program, $"{origin}/echo?m={Mark}", Proxy.File("body.bin")));

        Assert.True(answer.Status == 200, answer.ToString());
        Assert.Equal(Agents.Sha256(body), answer.Json.GetProperty("sha256").GetString());
        Assert.Equal(body.Length, answer.Json.GetProperty("length").GetInt32());
        Assert.Equal((UInt128)Price, moved);
    }

    [Theory]
    [InlineData("v2", "https")]
    [InlineData("v2", "http")]
    [InlineData("v1", "https")]
    [InlineData("v1", "http")]
    public async Task What_policy_refuses_moves_nothing_and_no_payment_reaches_the_seller(string version, string scheme)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var (seller, origin) = Pick(version, scheme);

        foreach (var row in Agents.Programs)
        {
            Answer answer = null!;
            var moved = await MovedAsync(seller, async () => answer = await agents.AskAsync(row.Data, $"{origin}/dear?m={Mark}"));

            Assert.True(answer.Status == 403, answer.ToString());
            Assert.NotEmpty(answer.Reason);
            Assert.Equal((UInt128)0, moved);
        }

        Assert.All(await Lab.SeenAsync(Mark), request => Assert.False(request.Paid));
    }

    [Theory]
    [InlineData("https")]
    [InlineData("http")]
    public async Task Nothing_of_ours_reaches_a_seller(string scheme)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());

        foreach (var row in Agents.Programs)
        {
            await agents.AskAsync(row.Data, $"{Pick("v2", scheme).Origin}/paid?m={Mark}");
        }

        var seen = await Lab.SeenAsync(Mark);
        Assert.Equal(6, seen.Length);
        Assert.All(seen, request => Assert.Empty(request.Forwarded));
    }

    [Theory]
    [InlineData("v2", "https", "/sse", 0)]
    [InlineData("v2", "http", "/sse", 0)]
    [InlineData("hostile", "https", "/stream", Price)]
    [InlineData("hostile", "http", "/stream", Price)]
    public async Task Server_sent_events_arrive_as_they_are_sent(string seller, string scheme, string path, int price)
    {
        await StartProxyAsync();
        var environment = await Proxy.EnvironmentAsync();
        var (selling, origin) = Pick(seller, scheme);

        var moved = await MovedAsync(selling, async () =>
        {
            using var curl = Shell.Start("curl", ["-sSN", "--max-time", "60", $"{origin}{path}?gate={Mark}"], environment);
            Assert.Equal("data: one", await curl.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            await Lab.OpenAsync(Mark);
            Assert.Equal("\ndata: two\n\n", await curl.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
            await Shell.WaitAsync(curl);
        });

        Assert.Equal((UInt128)price, moved);
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v1")]
    public async Task A_stream_that_the_official_seller_buffers_until_it_settled_arrives_whole(string version)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var (seller, origin) = Pick(version, "https");

        Answer answer = null!;
        var moved = await MovedAsync(seller, async () => answer = await agents.AskAsync("curl", $"{origin}/paid-sse?m={Mark}"));

        Assert.Equal("data: one\n\ndata: two\n\n", answer.Body);
        Assert.Equal((UInt128)Price, moved);
    }

    [Theory]
    [InlineData("https")]
    [InlineData("http")]
    public async Task Git_clones_through_the_proxy(string scheme)
    {
        await StartProxyAsync();
        var environment = new Dictionary<string, string>(await Proxy.EnvironmentAsync()) { ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_TERMINAL_PROMPT"] = "0" };
        var repository = Path.Combine(Lab.FilesFolder, Mark + ".git");
        await MakeRepositoryAsync(repository);

        var clone = await Shell.RunAsync("git", ["clone", "-q", $"{Pick("v2", scheme).Origin}/files/{Mark}.git", Proxy.File("clone")], environment);

        Assert.True(clone.ExitCode == 0, clone.Error);
        Assert.Equal("kept in git", await File.ReadAllTextAsync(Proxy.File("clone/note.txt"), TestContext.Current.CancellationToken));
        Assert.NotEmpty(await Lab.SeenAsync(Mark));
    }

    [Theory]
    [InlineData("https")]
    [InlineData("http")]
    public async Task DotNet_HttpClient_pays(string scheme)
    {
        await StartProxyAsync();
        var agents = new Agents(await Proxy.EnvironmentAsync());
        var (user, host) = (agents.Proxy.UserInfo.Split(':'), agents.Proxy.GetLeftPart(UriPartial.Scheme) + agents.Proxy.Authority);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            Proxy = new WebProxy(host) { Credentials = new NetworkCredential(user[0], user[1]) },
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trusting(agents.Environment["NODE_EXTRA_CA_CERTS"]) },
        });
        var (seller, origin) = Pick("v2", scheme);

        var moved = await MovedAsync(seller, async () =>
        {
            using var answer = await client.GetAsync($"{origin}/paid?m={Mark}", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        });

        Assert.Equal((UInt128)Price, moved);
    }

    [Fact]
    public async Task Exec_runs_a_command_as_an_agent()
    {
        await StartProxyAsync();
        var (seller, origin) = Pick("v2", "https");

        var moved = await MovedAsync(seller, async () =>
        {
            var said = await Proxy.CliAsync("exec", "me", "--data", Proxy.Data, "--", "curl", "-sS", $"{origin}/paid?m={Mark}");
            Assert.Equal($$"""{"sold":"/paid?m={{Mark}}"}""", said.Text);
        });

        Assert.Equal((UInt128)Price, moved);
    }

    private (Seller Seller, string Origin) Pick(string name, string scheme)
    {
        var seller = name switch { "v1" => Lab.V1, "v2" => Lab.V2, _ => Lab.Hostile };
        return (seller, scheme == "https" ? seller.Https : seller.Http);
    }

    private static X509ChainPolicy Trusting(string caFile) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(caFile) },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    private async Task MakeRepositoryAsync(string bare)
    {
        var work = Proxy.File("work");
        Directory.CreateDirectory(work);
        await File.WriteAllTextAsync(Path.Combine(work, "note.txt"), "kept in git", TestContext.Current.CancellationToken);
        string[] author = ["-c", "user.name=lab", "-c", "user.email=lab@lab.test"];
        string[][] steps =
        [
            ["init", "-q", "-b", "main", work],
            ["-C", work, "add", "."],
            [.. author, "-C", work, "commit", "-q", "-m", "a note"],
            ["clone", "-q", "--bare", work, bare],
            ["-C", bare, "update-server-info"],
        ];
        foreach (var step in steps)
        {
            _ = (await Shell.RunAsync("git", step)).Text;
        }
    }
}
