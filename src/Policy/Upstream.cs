using SmartProxy.Protocol;

namespace SmartProxy.Policy;

/// <summary>Where a named upstream really is.</summary>
/// <param name="Origin">The origin that is dialled.</param>
/// <param name="BasePath">What stands before every path, without a slash at its end; empty for none.</param>
public readonly record struct Upstream(Origin Origin, string BasePath);
