using SmartProxy.Operator;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Operator;

/// <summary>What of a data folder has to be there for a start.</summary>
public sealed class InstallationTests
{
    [Fact]
    public void Locks_are_not_missed_in_a_restored_folder_and_all_else_is()
    {
        using var temporary = new TempFolder();
        var folder = new DataFolder(temporary.Path);
        foreach (var file in new[] { "lock", "lock.owner", "credentials.json.lock", "credentials.json" })
        {
            File.WriteAllText(folder.In(file), "");
        }

        Installation.Record(folder, InstallationMode.Test, new ChainId(84532), "policies.json", DateTimeOffset.UnixEpoch);
        File.Delete(folder.In("lock"));
        File.Delete(folder.In("lock.owner"));
        File.Delete(folder.In("credentials.json.lock"));

        Assert.Equal(["credentials.json"], Installation.Load(folder).Made);

        File.Delete(folder.Credentials);
        Assert.Contains("credentials.json", Assert.Throws<OperatorException>(() => Installation.Load(folder)).Message, StringComparison.Ordinal);
    }
}
