using SmartProxy.Identity;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>On the connection features of an accepted CONNECT tunnel that is served by Kestrel inside; absent on plain connections.</summary>
internal interface ITunnelFeature
{
    /// <summary>The CONNECT authority in its normal form. The inner authority must equal it.</summary>
    HostName Host { get; }

    int Port { get; }

    AgentIdentity Identity { get; }

    /// <summary>Whether TLS is ended here; false for plain HTTP inside the tunnel.</summary>
    bool IsTls { get; }
}
