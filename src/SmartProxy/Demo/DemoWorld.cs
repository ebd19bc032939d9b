using System.Text;
using SmartProxy.Hosting;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Demo;

/// <summary>Everything that the demo needs, made in a throwaway folder: chain, seller, installation, proxy.</summary>
internal sealed class DemoWorld : IAsyncDisposable
{
    public const string Robot = "robot";
    public const string Guest = "me";

    private readonly string _folder = Directory.CreateTempSubdirectory("smartproxy-demo-").FullName;

    public SimulatedChain Chain { get; private set; } = null!;

    public DemoSeller Seller { get; private set; } = null!;

    public DataFolder Data { get; private set; } = null!;

    public EvmAddress Wallet { get; private set; }

    public IDemoProxy Proxy { get; private set; } = null!;

    /// <summary>The agent of the story, with three cents a day.</summary>
    public string RobotToken { get; private set; } = "";

    /// <summary>The agent for whoever wants to try it by hand.</summary>
    public string GuestToken { get; private set; } = "";

    public string CaPem => File.ReadAllText(Data.CaCertificate);

    public static async Task<DemoWorld> CreateAsync(DemoParts parts, CancellationToken cancellationToken)
    {
        var world = new DemoWorld();
        try
        {
            await world.BuildAsync(parts, cancellationToken);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }

        if (Seller is not null)
        {
            await Seller.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task BuildAsync(DemoParts parts, CancellationToken cancellationToken)
    {
        Data = new DataFolder(Path.Combine(_folder, "data"));
        var policy = Path.Combine(_folder, "policies.json");
        var made = await parts.Installer.MakeAsync(Data, policy, "base-sepolia");
        var token = new Asset(made.Network.Chain, EvmAddress.Parse("0x036CbD53842c5426634e7929541eC2318f3dCF7e"), "USDC", "USDC", "2", Decimals: 6);
        Chain = new SimulatedChain(token, parts.Recover, parts.Time);
        Seller = await DemoSeller.StartAsync(Chain, DemoStory.Price, cancellationToken);
        Wallet = made.Wallet;
        GuestToken = made.Token.Reveal();
        RobotToken = new CredentialEditor(new CredentialFile(Data.Credentials), parts.Time, parts.Random).Add(new AgentId(Robot), "demo").Reveal();
        Chain.Fund(Wallet, DemoStory.Funds);
        await File.WriteAllTextAsync(policy, Policy(made.Network.Name), Encoding.UTF8, cancellationToken);
        Proxy = await parts.StartProxy(RunSettings.From(Data, policy, Settings(), _folder) with { LogFormat = LogFormat.None }, cancellationToken);
    }

    private string Policy(string network) => $$"""
        {
          "networks": ["{{network}}"],
          "merchants": { "weather": { "hosts": ["{{Seller.Https.Authority}}", "{{Seller.Http.Authority}}"], "allowCleartext": true } },
          "agents": {
            "{{Robot}}": { "allow": ["weather"], "limits": { "payment": "0.05", "day": "{{DemoStory.DayLimit}}" } },
            "{{Guest}}": { "allow": ["weather"], "limits": { "payment": "0.05", "day": "1.00" } }
          }
        }

        """;

    // The same settings that an operator would write; only the demo's two origins may be dialled on loopback.
    private IConfigurationRoot Settings()
    {
        var sellerCa = Path.Combine(_folder, "seller.pem");
        File.WriteAllText(sellerCa, Seller.CertificatePem);
        return new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [$"{OptionsReader.Section}:Listen:Proxy"] = "127.0.0.1:0",
            [$"{OptionsReader.Section}:Listen:Admin"] = "127.0.0.1:0",
            [$"{OptionsReader.Section}:Egress:Allow:0"] = Seller.Https.Authority,
            [$"{OptionsReader.Section}:Egress:Allow:1"] = Seller.Http.Authority,
            [$"{OptionsReader.Section}:Upstream:ExtraCaFile"] = sellerCa,
        }).Build();
    }
}
