using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using SmartProxy.Options;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Limits;

/// <summary>The page of limits and the options say the same.</summary>
public sealed class LimitsPageTests
{
    [Fact]
    public void The_page_names_every_limit_with_its_default_and_range_and_nothing_else() =>
        Assert.Equal([.. Of<ConnectionOptions>("Connections"), .. Of<UpstreamOptions>("Upstream"), .. Of<EgressOptions>("Egress")], Rows().Select(row => string.Join(" | ", row.Take(3))));

    [Fact]
    public void Every_limit_has_a_unit_and_a_consequence() => Assert.All(Rows(), row => Assert.All(row, cell => Assert.NotEqual("", cell)));

    private static IEnumerable<string> Of<T>(string section)
        where T : new() => typeof(T).GetProperties()
            .Where(property => property.PropertyType == typeof(int) || property.PropertyType == typeof(long))
            .Select(property => $"`{section}:{property.Name}` | {Number(property.GetValue(new T())!)} | {Range(property)}");

    private static string Range(PropertyInfo property)
    {
        var range = property.GetCustomAttribute<RangeAttribute>() ?? throw new InvalidDataException($"{property.Name} has no range");
        return $"{Number(range.Minimum)}–{Number(range.Maximum)}";
    }

    private static string Number(object value)
    {
        var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return number >= long.MaxValue ? "any" : number.ToString("N0", CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string[]> Rows() => File.ReadAllLines(Repository.PathOf("docs", "limits.md"))
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));
}
