using System.Globalization;
using SmartProxy.Hosting;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Options;

/// <summary>
/// Reads and checks <see cref="SmartProxyOptions"/>. Every problem is reported at once, by the setting's name and with what was expected; a
/// setting that does not exist is a problem too, because it was meant to do something. Bound by hand: the colon in <c>eip155:84532</c> is
/// also the configuration's own separator.
/// </summary>
internal sealed class OptionsReader
{
    public const string Section = "SmartProxy";

    private readonly List<string> _problems = [];
    private readonly string _folder;

    private OptionsReader(string folder) => _folder = folder;

    /// <param name="configuration">All sources, the last one winning.</param>
    /// <param name="folder">What relative file names are relative to: the configuration file's folder.</param>
    /// <exception cref="OperatorException">One or more settings are not as expected; the message names all of them.</exception>
    public static SmartProxyOptions Read(IConfiguration configuration, string folder)
    {
        var reader = new OptionsReader(folder);
        var options = reader.ReadAll(configuration.GetSection(Section));
        return reader._problems.Count == 0 ? options : throw new OperatorException(string.Join("; ", reader._problems));
    }

    private SmartProxyOptions ReadAll(IConfigurationSection root)
    {
        RefuseUnknown(root, ["Listen", "Networks", "Ledger", "Wallets", "Signer", "Logs", .. DataPathSettings.Sections]);
        _problems.AddRange(DataPathSettings.Problems(root));
        var options = new SmartProxyOptions
        {
            Listen = ReadListen(root.GetSection("Listen")),
            Networks = ReadNetworks(root.GetSection("Networks")),
            Ledger = ReadLedger(root.GetSection("Ledger")),
            Wallets = root.GetSection("Wallets").GetChildren().ToDictionary(wallet => wallet.Key, ReadWallet, StringComparer.Ordinal),
            Signer = ReadSigner(root.GetSection("Signer")),
            Logs = ReadLogs(root.GetSection("Logs")),
        };
        RefuseOpenListeners(options.Listen);
        return options;
    }

    private ListenOptions ReadListen(IConfigurationSection section)
    {
        RefuseUnknown(section, ["Proxy", "Admin", "AllowInsecure", "AdminHosts", "ProxyHosts", "Tls"]);
        var defaults = new ListenOptions();
        return new ListenOptions
        {
            Proxy = ReadAddress(section.GetSection("Proxy"), defaults.Proxy),
            Admin = ReadAddress(section.GetSection("Admin"), defaults.Admin),
            AllowInsecure = ReadBoolean(section.GetSection("AllowInsecure")),
            Tls = section.GetSection("Tls").Exists() ? ReadTls(section.GetSection("Tls")) : null,
            AdminHosts = Names(section.GetSection("AdminHosts")),
            ProxyHosts = Names(section.GetSection("ProxyHosts")),
        };
    }

    private ProxyTls ReadTls(IConfigurationSection section)
    {
        RefuseUnknown(section, ["CertificateFile", "KeyFile", "Names"]);
        var (certificate, key, names) = (section["CertificateFile"], section["KeyFile"], Texts(section.GetSection("Names")));
        if (certificate is null != key is null || certificate is null == (names.Length == 0))
        {
            Expected(section, "either `CertificateFile` and `KeyFile`, or `Names` for leaves of our own authority");
        }

        return new ProxyTls
        {
            CertificateFile = certificate is null ? null : FullPath(certificate),
            KeyFile = key is null ? null : FullPath(key),
            Names = [.. names.Select(name => ReadHost(section.GetSection("Names"), name))],
        };
    }

    private string[] Names(IConfigurationSection section) => [.. Texts(section).Select(name => ReadHost(section, name).Value)];

    private HostName ReadHost(IConfigurationSection section, string text)
    {
        if (!HostName.TryParse(text, out var host))
        {
            Expected(section, $"host names or addresses, found `{Printable.Line(text, 60)}`");
        }

        return host;
    }

    private Dictionary<ChainId, NetworkOptions> ReadNetworks(IConfigurationSection section)
    {
        var networks = new Dictionary<ChainId, NetworkOptions>();
        foreach (var space in section.GetChildren())
        {
            foreach (var reference in space.GetChildren())
            {
                if (ChainId.TryParse($"{space.Key.ToLowerInvariant()}:{reference.Key}", out var chain))
                {
                    networks[chain] = ReadNetwork(reference);
                }
                else
                {
                    Expected(section, $"networks by their CAIP-2 id such as `eip155:84532`, found `{Printable.Line($"{space.Key}:{reference.Key}", 60)}`");
                }
            }
        }

        return networks;
    }

    private NetworkOptions ReadNetwork(IConfigurationSection section)
    {
        RefuseUnknown(section, ["Rpc", "Confirmations", "SweepSeconds"]);
        var urls = new List<Uri>();
        foreach (var text in Texts(section.GetSection("Rpc")))
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            {
                urls.Add(url);
            }
            else
            {
                Expected(section.GetSection("Rpc"), "http or https URLs"); // not repeated: such URLs often hold an API key
            }
        }

        if (urls.Count == 0)
        {
            Expected(section.GetSection("Rpc"), "at least one URL such as `http://127.0.0.1:8545`");
        }

        var defaults = new NetworkOptions();
        return new NetworkOptions
        {
            Rpc = urls,
            Confirmations = ReadNumber(section.GetSection("Confirmations"), 1, 10_000),
            Sweep = ReadNumber(section.GetSection("SweepSeconds"), 1, 3_600) is { } seconds ? TimeSpan.FromSeconds(seconds) : defaults.Sweep,
        };
    }

    private LedgerOptions ReadLedger(IConfigurationSection section)
    {
        RefuseUnknown(section, ["Anchor", "SegmentMiB", "ReserveMiB"]);
        var defaults = new LedgerOptions();
        return new LedgerOptions
        {
            Anchor = section["Anchor"] is { Length: > 0 } anchor ? FullPath(anchor) : null,
            SegmentBytes = ReadNumber(section.GetSection("SegmentMiB"), 1, 65_536) is { } segment ? (long)segment << 20 : defaults.SegmentBytes,
            ReserveBytes = ReadNumber(section.GetSection("ReserveMiB"), 0, 65_536) is { } reserve ? (long)reserve << 20 : defaults.ReserveBytes,
        };
    }

    private WalletOptions ReadWallet(IConfigurationSection section)
    {
        RefuseUnknown(section, ["Keystore", "PasswordFile"]);
        return new WalletOptions { Keystore = ReadFile(section.GetSection("Keystore")), PasswordFile = ReadFile(section.GetSection("PasswordFile")) };
    }

    private SignerOptions ReadSigner(IConfigurationSection section)
    {
        RefuseUnknown(section, ["MaxPayment", "MaxDay"]);
        var defaults = new SignerOptions();
        return new SignerOptions
        {
            MaxPayment = ReadDollars(section.GetSection("MaxPayment"), defaults.MaxPayment),
            MaxDay = ReadDollars(section.GetSection("MaxDay"), defaults.MaxDay),
        };
    }

    private LogFormat ReadLogs(IConfigurationSection section)
    {
        if (section.Value is not (null or "text" or "json") || section.GetChildren().Any())
        {
            Expected(section, $"`text` or `json`, found `{Printable.Line(section.Value, 60)}`");
        }

        return section.Value == "json" ? LogFormat.Json : LogFormat.Text;
    }

    private void RefuseOpenListeners(ListenOptions listen)
    {
        var plain = new[] { ("Proxy", "--listen", listen.Proxy, ", give it TLS with Listen:Tls, or"), ("Admin", "--admin", listen.Admin, ";") }.Skip(listen.Tls is null ? 0 : 1);
        foreach (var (name, flag, address, otherwise) in plain)
        {
            if (!address.IsLoopback && !listen.AllowInsecure)
            {
                _problems.Add(
                    $"{Section}:Listen:{name} ({flag}): expected a loopback address, found `{address}`, which other machines reach without encryption{otherwise} add `--insecure-listen` if a private network protects it");
            }
        }
    }

    private ListenAddress ReadAddress(IConfigurationSection section, ListenAddress missing)
    {
        if (section.Value is not { } text)
        {
            return missing;
        }

        if (ListenAddress.TryParse(text, out var address))
        {
            return address!;
        }

        Expected(section, $"{ListenAddress.Expected}, found `{Printable.Line(text, 60)}`");
        return missing;
    }

    private Usd ReadDollars(IConfigurationSection section, Usd missing)
    {
        if (section.Value is not { } text)
        {
            return missing;
        }

        if (!Usd.TryParse(text, out var value))
        {
            Expected(section, $"dollars as text such as `10.00`, found `{Printable.Line(text, 60)}`");
        }

        return value;
    }

    private int? ReadNumber(IConfigurationSection section, int least, int most)
    {
        if (section.Value is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Expected(section, $"a whole number from {least} to {most}, found `{Printable.Line(text, 60)}`");
        return null;
    }

    private bool ReadBoolean(IConfigurationSection section)
    {
        if (section.Value is null || bool.TryParse(section.Value, out _))
        {
            return section.Value is not null && bool.Parse(section.Value);
        }

        Expected(section, $"`true` or `false`, found `{Printable.Line(section.Value, 60)}`");
        return false;
    }

    private string ReadFile(IConfigurationSection section)
    {
        if (section.Value is { Length: > 0 } file)
        {
            return FullPath(file);
        }

        Expected(section, "the name of a file");
        return "";
    }

    private string FullPath(string file) => Path.GetFullPath(file, _folder);

    private static string[] Texts(IConfigurationSection section) =>
        section.Value is { Length: > 0 } single ? [single] : [.. section.GetChildren().Select(child => child.Value ?? "")];

    private void RefuseUnknown(IConfigurationSection section, string[] known)
    {
        foreach (var child in section.GetChildren())
        {
            if (!known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                _problems.Add($"{section.Path}:{Printable.Line(child.Key, 60)}: no such setting; expected one of {string.Join(", ", known.Select(name => $"`{name}`"))}");
            }
        }
    }

    private void Expected(IConfigurationSection section, string what) => _problems.Add($"{section.Path}: expected {what}");
}
