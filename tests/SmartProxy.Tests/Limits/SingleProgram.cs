using System.Diagnostics;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Limits;

/// <summary>The program published as one file with its runtime, from a copy of the sources: what else is built meanwhile is not disturbed.</summary>
public sealed class SingleProgram : IDisposable
{
    private const string Copies = """
        set -euo pipefail
        mkdir -p "$1/tests"
        cp -r src global.json .editorconfig Directory.*.props "$1"
        cp -r tests/verifier "$1/tests"
        cd "$1"
        find . -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
        exec dotnet publish src/SmartProxy -p:PublishProfile=single --ucr -o "$1/one" --nologo -v quiet
        """;

    private readonly TempFolder _folder = new();
    private readonly Lazy<Task<string>> _published;

    public SingleProgram() => _published = new(PublishAsync);

    /// <summary>Where it is. The first who asks waits until it is made.</summary>
    internal Task<string> PathAsync() => _published.Value;

    public void Dispose() => _folder.Dispose();

    private async Task<string> PublishAsync()
    {
        using var publish = Process.Start(new ProcessStartInfo("bash", ["-c", Copies, "bash", _folder.Path]) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true })!;
        var said = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        Assert.True(publish.ExitCode == 0, said);
        return Path.Combine(_folder.File("one"), "smartproxy");
    }
}
