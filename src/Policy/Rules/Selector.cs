using SmartProxy.Protocol;

namespace SmartProxy.Policy.Rules;

/// <summary>What an entry of <c>allow</c>, <c>deny</c> or <c>in</c> selects. Its text is its normal form.</summary>
internal abstract record Selector
{
    private const string CategoryPrefix = "category:";

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

    /// <summary>A word without a dot or a port is a merchant's name; <c>localhost</c> is the one host that has neither.</summary>
    public static bool TryParse(string text, out Selector selector)
    {
        selector = new Everything();
        if (text == "*")
        {
            return true;
        }

        if (text.StartsWith(CategoryPrefix, StringComparison.Ordinal))
        {
            selector = new Category(text[CategoryPrefix.Length..]);
            return Names.IsName(text[CategoryPrefix.Length..]);
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
}
