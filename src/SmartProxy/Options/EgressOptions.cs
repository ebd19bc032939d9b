using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace SmartProxy.Options;

/// <summary>Which addresses may be dialled besides public ones, and which may not although they are public. Section <c>SmartProxy:Egress</c>.</summary>
internal sealed class EgressOptions
{
    /// <summary>Exceptions: <c>address:port</c> (<c>127.0.0.2:14443</c>, <c>[fd00::1]:443</c>) or a CIDR block (<c>10.1.0.0/16</c>).</summary>
    public IList<string> Allow { get; } = [];

    /// <summary>What is never dialled, in the same notation; above every exception.</summary>
    public IList<string> Deny { get; } = [];

    /// <summary>Seconds for a name to resolve.</summary>
    [Range(1, 60)]
    public int ResolveSeconds { get; set; } = 5;
}

[OptionsValidator]
internal sealed partial class EgressOptionsValidator : IValidateOptions<EgressOptions>;
