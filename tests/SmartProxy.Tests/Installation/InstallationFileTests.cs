using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Installation;

/// <summary>What of a data folder has to be there for a start.</summary>
public sealed class InstallationFileTests
{
    [Fact]
    public void Locks_and_what_is_derived_are_not_missed_in_a_restored_folder_and_all_else_is()
    {
        using var temporary = new TempFolder();
        var folder = new DataFolder(temporary.Path);
        string[] derived = ["lock", "lock.owner", "credentials.json.lock", "ledger/digest.bin", "ledger/reserve", "index.db"];
        Directory.CreateDirectory(folder.In("ledger"));
        foreach (var file in (string[])[.. derived, "credentials.json"])
        {
            File.WriteAllText(folder.In(file), "");
        }

        InstallationFile.Record(folder, InstallationMode.Test, new ChainId(84532), "policies.json", DateTimeOffset.UnixEpoch);
        Array.ForEach(derived, file => File.Delete(folder.In(file)));

        Assert.Equal(["credentials.json"], InstallationFile.Load(folder).Made);

        File.Delete(folder.Credentials);
        Assert.Contains("credentials.json", Assert.Throws<OperatorException>(() => InstallationFile.Load(folder)).Message, StringComparison.Ordinal);
    }
}
