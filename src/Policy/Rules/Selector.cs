using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>What an entry of <c>allow</c>, <c>deny</c> or <c>in</c> selects. Its text is its normal form.</summary>
internal abstract record Selector
{
    /// <summary>For the schema: whatever <see cref="TryParse"/> takes.</summary>
    public const string SchemaPattern = "^([^/@?#\\s]{1,262}|[a-z0-9][a-z0-9_-]{0,63} (\\*|[A-Z][A-Z-]{0,31}) /[^?#\\s]{0,255})$";

    private const string CategoryPrefix = "category:";
    private const string NetworkPrefix = "network:";
    private const string AssetPrefix = "asset:";

    private Selector()
    {
    }

    /// <summary><c>*</c>: every host on every port.</summary>
    public sealed record Everything : Selector
    {
        public override string ToString() => "*";
    }

    /// <summary>A merchant's name.</summary>
    public sealed record Merchant(string Name) : Selector
    {
        public override string ToString() => Name;
    }

    /// <summary><c>category:NAME</c>.</summary>
    public sealed record Category(string Name) : Selector
    {
        public override string ToString() => CategoryPrefix + Name;
    }

    /// <summary>A host list's entry.</summary>
    public sealed record Host(HostPattern Pattern) : Selector
    {
        public override string ToString() => Pattern.ToString();
    }

    /// <summary><c>0x…</c>: a recipient; in <c>deny</c> only.</summary>
    public sealed record Recipient(EvmAddress Address) : Selector
    {
        public override string ToString() => Address.ToString();
    }

    /// <summary><c>network:base</c>; in <c>in</c> only.</summary>
    public sealed record Network(ChainId Chain) : Selector
    {
        public override string ToString() => NetworkPrefix + NetworkNames.ShortNameOf(Chain);
    }

    /// <summary><c>asset:USDC</c>: every token with this symbol; in <c>in</c> only.</summary>
    public sealed record Asset(string Symbol) : Selector
    {
        public override string ToString() => AssetPrefix + Symbol;
    }

    /// <summary><c>exa POST /search*</c>: a part of a merchant.</summary>
    /// <param name="Seller">The merchant's name.</param>
    /// <param name="Method">The method, or <c>*</c>.</param>
    /// <param name="Path">The path, exact or with one <c>*</c> at its end.</param>
    public sealed record Endpoint(string Seller, string Method, string Path) : Selector
    {
        /// <summary>Where any reading counts: in <c>deny</c> and <c>in</c>. The case of letters is passed over, as some origins do.</summary>
        public bool MayMatch(string method, RequestPath path) =>
            (Method == "*" || Method.Equals(method, StringComparison.OrdinalIgnoreCase))
            && (!path.IsKnown || Fits(path.Read, StringComparison.OrdinalIgnoreCase) || Fits(path.Sent, StringComparison.OrdinalIgnoreCase));

        /// <summary>Where every reading has to fit: in <c>allow</c>.</summary>
        public bool SurelyMatches(string method, RequestPath path) =>
            (Method == "*" || Method == method)
            && path.IsKnown && Fits(path.Sent, StringComparison.Ordinal) && Fits(path.Read, StringComparison.Ordinal);

        public override string ToString() => $"{Seller} {Method} {Path}";

        private bool Fits(string path, StringComparison comparison) =>
            Path.EndsWith('*') ? path.AsSpan().StartsWith(Path.AsSpan(0, Path.Length - 1), comparison) : path.Equals(Path, comparison);
    }

    /// <summary>A word without a dot or a port is a merchant's name; <c>localhost</c> is the one host that has neither.</summary>
    public static bool TryParse(string text, out Selector selector)
    {
        selector = new Everything();
        if (text == "*")
        {
            return true;
        }

        if (text.Contains(' ', StringComparison.Ordinal))
        {
            return TryParseEndpoint(text.Split(' '), out selector);
        }

        if (text.StartsWith(CategoryPrefix, StringComparison.Ordinal))
        {
            selector = new Category(text[CategoryPrefix.Length..]);
            return Names.IsName(text[CategoryPrefix.Length..]);
        }

        if (text.StartsWith(NetworkPrefix, StringComparison.Ordinal))
        {
            var isNetwork = NetworkNames.TryParse(text[NetworkPrefix.Length..], out var chain);
            selector = new Network(chain);
            return isNetwork;
        }

        if (text.StartsWith(AssetPrefix, StringComparison.Ordinal))
        {
            selector = new Asset(text[AssetPrefix.Length..]);
            return text.Length > AssetPrefix.Length;
        }

        if (text.StartsWith("0x", StringComparison.Ordinal) && !text.Contains('.', StringComparison.Ordinal))
        {
            var isAddress = EvmAddress.TryParse(text, out var address);
            selector = new Recipient(address);
            return isAddress;
        }

        if (Names.IsName(text) && text != "localhost")
        {
            selector = new Merchant(text);
            return true;
        }

        var isHost = HostPattern.TryParse(text, out var pattern);
        selector = new Host(pattern);
        return isHost;
    }

    private static bool TryParseEndpoint(string[] words, out Selector selector)
    {
        const int longestMethod = 32;
        const int longestPath = 256;
        selector = new Everything();
        if (words is not [var merchant, { Length: > 0 and <= longestMethod } method, { Length: > 0 and <= longestPath } path])
        {
            return false;
        }

        selector = new Endpoint(merchant, method, path);
        return Names.IsName(merchant)
            && (method == "*" || (char.IsAsciiLetterUpper(method[0]) && method.All(c => char.IsAsciiLetterUpper(c) || c == '-')))
            && path[0] == '/'
            && path.IndexOf('*', StringComparison.Ordinal) is var star && (star < 0 || star == path.Length - 1)
            && path.All(c => char.IsAscii(c) && !char.IsControl(c) && c is not ('?' or '#'));
    }
}
