using System.Text;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Identity;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Identity;

/// <summary>A credentials file in a folder of its own, with a clock that stands still.</summary>
internal sealed class CredentialKit : IDisposable
{
    private readonly TempFolder _folder = new();

    public CredentialKit()
    {
        File = new CredentialFile(_folder.File("credentials.json"));
        File.Create();
        Editor = new CredentialEditor(File, Time, new SeededRandom(7));
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddDays(20_000));

    public CredentialFile File { get; }

    public CredentialEditor Editor { get; }

    public Dictionary<AgentId, IReadOnlyList<string>> Declared { get; } = [];

    public static AgentId Agent(string name) => AgentId.TryParse(name, out var agent) ? agent : throw new ArgumentException(name);

    public static string Basic(string user, string token) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{token}"));

    public AgentAuthenticator Authenticator() =>
        new(CredentialStore.Open(File, Time), agent => Declared.GetValueOrDefault(agent, []), Time);

    public void Dispose() => _folder.Dispose();
}
