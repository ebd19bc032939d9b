using System.CommandLine;
using SmartProxy.AdminApi;
using SmartProxy.Installation;

namespace SmartProxy.Commands;

/// <summary><c>health</c>: asks the running process, for people and for container health checks. Exit code 1 when it does not serve.</summary>
internal static class HealthCommand
{
    public static Command Build()
    {
        var data = CommonOptions.Data();
        var command = new Command("health", "Ask the running process how it is.") { data };
        command.SetAction(async (result, cancellationToken) =>
        {
            var folder = result.GetRequiredValue(data);
            using var client = await AdminClient.TryConnectAsync(folder, cancellationToken)
                ?? throw new OperatorException($"nothing runs on `{folder}`; start it with `smartproxy run --data {folder}`", OperatorException.Failed);
            using var health = await client.GetAsync("/healthz", cancellationToken);
            result.InvocationConfiguration.Output.WriteLine(health.RootElement.GetRawText());
            return 0;
        });
        return command;
    }
}
