using System.Diagnostics;
using SmartProxy.Installation;
using SmartProxy.TestKit;

#pragma warning disable CA1416 // file modes

namespace SmartProxy.Tests.Installation;

/// <summary>A secret is its owner's alone.</summary>
public sealed class PrivateFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Path => _folder.File("secret");

    public PrivateFileTests() => PrivateFile.WriteNew(Path, "secret"u8);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_we_wrote_is_ours_to_read() => Assert.Equal("secret"u8.ToArray(), PrivateFile.Read(Path, "write it"));

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void What_others_can_reach_is_refused(UnixFileMode more)
    {
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);

        Assert.Contains("chmod 600", Assert.Throws<OperatorException>(() => PrivateFile.Read(Path, "write it")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_belongs_to_another_user_is_refused_whatever_its_mode()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a file away, and only root could read it then");
        GiveTo("65534");

        Assert.Contains("belongs to another user", Assert.Throws<OperatorException>(() => PrivateFile.Read(Path, "write it")).Message, StringComparison.Ordinal);

        GiveTo("0");
        Assert.Equal("secret"u8.ToArray(), PrivateFile.Read(Path, "write it"));
    }

    private void GiveTo(string user)
    {
        using var process = Process.Start("chown", [user, Path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
