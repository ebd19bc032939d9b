using System.Diagnostics;
using SmartProxy.Installation;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Installation;

public sealed class PrivateFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string File => _folder.File("secret");

    [Fact]
    public void A_new_file_is_private_and_alone()
    {
        PrivateFile.WriteNew(File, "x"u8);

        Assert.Equal([File], Directory.GetFiles(_folder.Path));
        Assert.Equal("x"u8, PrivateFile.Read(File, "make it"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }
    }

    [Fact]
    public void A_new_file_never_replaces_one_that_is_there()
    {
        System.IO.File.WriteAllText(File, "older");

        Assert.Throws<IOException>(() => PrivateFile.WriteNew(File, "x"u8));
        Assert.Equal("older", System.IO.File.ReadAllText(File));
        Assert.Equal([File], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        PrivateFile.WriteNew(File, "x"u8);
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.GroupRead);

        Assert.Contains("chmod 600", Assert.Throws<OperatorException>(() => PrivateFile.Read(File, "make it")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_another_user_is_refused_whatever_its_mode()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a file away, and only root could read it then");
        PrivateFile.WriteNew(File, "x"u8);
        GiveTo("65534");

        Assert.Contains("belongs to another user", Assert.Throws<OperatorException>(() => PrivateFile.Read(File, "make it")).Message, StringComparison.Ordinal);

        GiveTo("0");
        Assert.Equal("x"u8, PrivateFile.Read(File, "make it"));
    }

    public void Dispose() => _folder.Dispose();

    private void GiveTo(string user)
    {
        using var process = Process.Start("chown", [user, File]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
