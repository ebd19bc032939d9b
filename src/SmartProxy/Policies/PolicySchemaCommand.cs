using SmartProxy.Policy;

namespace SmartProxy.Policies;

/// <summary><c>smartproxy policy schema</c>: the JSON Schema of policy files, for editors.</summary>
internal static class PolicySchemaCommand
{
    public static void Run(TextWriter output) => output.Write(PolicySchema.Text);
}
