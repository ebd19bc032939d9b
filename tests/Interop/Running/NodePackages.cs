using System.Security.Cryptography;

namespace SmartProxy.Interop.Tests;

/// <summary>Installs the laboratory's npm packages once per lock file; a second test run waits at a file lock.</summary>
internal static class NodePackages
{
    public static async Task InstallAsync(string folder)
    {
        var wanted = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "package-lock.json"))));
        var installed = Path.Combine(folder, "node_modules", ".installed");
        using var turn = await LockAsync(Path.Combine(Path.GetTempPath(), $"smartproxy-lab-{wanted[..16]}.lock"));
        if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == wanted)
        {
            return;
        }

        // Install scripts are not run: the node's binary comes in its platform's package.
        var npm = await Shell.RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder: folder);
        _ = npm.ExitCode == 0 ? 0 : throw new InvalidOperationException($"`npm ci` failed in {folder}\n{npm.Output}\n{npm.Error}");
        await File.WriteAllTextAsync(installed, wanted);
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await again.WaitForNextTickAsync();
            }
        }
    }
}
