using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using SmartProxy.Identity;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding.Targets;

/// <summary>Where one request goes, and for whom.</summary>
internal sealed class ForwardTarget
{
    private static readonly SearchValues<char> TargetCharacters = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7e - 0x20).Where(c => c != '#').Select(c => (char)c)]);

    private ForwardTarget(AgentIdentity identity, Origin origin, string target, string prefix, Uri uri) =>
        (Identity, Origin, Target, Prefix, Uri) = (identity, origin, target, prefix, uri);

    public AgentIdentity Identity { get; }

    public Origin Origin { get; }

    /// <summary>Path and query exactly as they travel, starting with <c>/</c>.</summary>
    public string Target { get; }

    /// <summary>Scheme and authority.</summary>
    public string Prefix { get; }

    public Uri Uri { get; }

    /// <summary>The named upstream that the request came for; null for proxy requests.</summary>
    public NamedUpstream? Upstream { get; private init; }

    /// <summary>
    /// Joins an origin and a target, byte-exact: nothing is decoded, collapsed or encoded, so that signed URLs stay signed. A target that starts
    /// with <c>?</c> gets its <c>/</c>; one with a fragment, a space or a byte outside ASCII is refused.
    /// </summary>
    public static bool TryCreate(AgentIdentity identity, Origin origin, string target, [NotNullWhen(true)] out ForwardTarget? result, NamedUpstream? upstream = null)
    {
        result = null;
        if (target is "" or ['?', ..])
        {
            target = "/" + target;
        }

        if (target[0] != '/' || target.AsSpan().ContainsAnyExcept(TargetCharacters))
        {
            return false;
        }

        var prefix = origin.ToString();
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        if (!Uri.TryCreate(prefix + target, options, out var uri))
        {
            return false;
        }

        result = new ForwardTarget(identity, origin, target, prefix, uri) { Upstream = upstream };
        return true;
    }
}
