namespace SmartProxy.Interop.Tests;

/// <summary>The laboratory without the product: what it says must be true before anything is measured with it.</summary>
public sealed class LaboratoryTests(Laboratory laboratory) : InteropTest(laboratory)
{
    [Fact]
    public async Task The_official_client_pays_the_official_sellers_and_hostile_sellers_are_hostile()
    {
        var run = await Shell.RunAsync("node", [Path.Combine(Laboratory.Folder, "selftest.mjs")]);

        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        Assert.EndsWith("laboratory ok\n", run.Output, StringComparison.Ordinal);
    }
}
