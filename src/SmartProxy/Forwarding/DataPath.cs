using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SmartProxy.Connections;
using SmartProxy.Forwarding.Attempts;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Forwarding;

/// <summary>Registers Connections and Forwarding. The host brings identity, policy, payments, the CA and the options' values.</summary>
internal static class DataPath
{
    public static IServiceCollection AddDataPath(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRandomSource, SystemRandomSource>();
        services.AddSingleton<IValidateOptions<ConnectionOptions>, ConnectionOptionsValidator>();
        services.AddSingleton<IValidateOptions<UpstreamOptions>, UpstreamOptionsValidator>();
        services.AddSingleton<IValidateOptions<EgressOptions>, EgressOptionsValidator>();

        services.AddOptions<SocketTransportOptions>().Configure<IOptions<ConnectionOptions>>((transport, connections) => KestrelSetup.Apply(transport, connections.Value));
        services.AddSingleton<LeafMint>();
        services.AddSingleton<MemoryWatch>();
        services.AddSingleton<ConnectionSlots>();
        services.AddSingleton<SocketTransportFactory>();
        services.AddSingleton<IConnectionListenerFactory, BoundedListeners>();
        services.AddSingleton<Admission>();
        services.AddSingleton<TunnelRegistry>();
        services.AddSingleton<TunnelTls>();
        services.AddSingleton<ConnectMiddleware>();

        services.AddSingleton<OwnListeners>();
        services.TryAddSingleton(provider => new NameLookups(provider.GetRequiredService<IOptions<UpstreamOptions>>(), Dns.GetHostAddresses));
        services.AddSingleton<OriginPlaces>();
        services.AddSingleton<DestinationGuard>();
        services.AddSingleton<UpstreamClient>();
        services.AddSingleton<ChargingOrigins>();
        services.AddSingleton<Via>();
        services.AddSingleton<ReplayBudget>();
        services.AddSingleton<MessageBudget>();
        services.AddSingleton<OpenRequests>();
        services.AddSingleton<Exchanges>();
        services.AddSingleton<ForwardingParts>();
        services.TryAddSingleton(new OwnNames([]));
        services.AddSingleton<TargetResolver>();
        services.AddSingleton<WebSocketRules>();
        services.AddSingleton<ForwardingEndpoint>();
        services.AddSingleton<Probe>();
        return services;
    }
}
