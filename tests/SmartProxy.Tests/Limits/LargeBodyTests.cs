using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace SmartProxy.Tests.Limits;

/// <summary>
/// Free traffic of any size passes in constant memory, plain and inside a TLS tunnel. What counts is the most that the process ever held meanwhile: it
/// grows by far less than one body. Five gigabytes each way with <c>SMARTPROXY_LONG=1</c>.
/// </summary>
public sealed class LargeBodyTests(ProcessLab plain, SecureLab secure) : IClassFixture<ProcessLab>, IClassFixture<SecureLab>
{
    private const long MegaByte = 1024 * 1024;

    /// <summary>Buffers, and what the garbage collector leaves lying about.</summary>
    private const long GrowthBound = 64 * MegaByte;

    private static readonly long Size = ProcessLab.IsLong ? 5 * 1024 * MegaByte : 192 * MegaByte;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_large_download_passes_in_constant_memory(string scheme)
    {
        var proxy = Of(scheme);
        using var client = proxy.As("me");
        await WarmUpAsync(client, scheme);
        var before = proxy.ForgetPeak();
        using var answer = await client.GetAsync($"{Url(scheme)}/large?bytes={Size}", HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(Size, await ProcessLab.CountAsync(await answer.Content.ReadAsStreamAsync(Stop)));
        Assert.InRange(proxy.PeakBytes - before, long.MinValue, GrowthBound);
    }

    [Theory]
    [InlineData("http", true)]
    [InlineData("http", false)]
    [InlineData("https", true)]
    [InlineData("https", false)]
    public async Task A_large_upload_passes_in_constant_memory(string scheme, bool isAnnounced)
    {
        var proxy = Of(scheme);
        using var client = proxy.As("me");
        client.Timeout = Timeout.InfiniteTimeSpan;
        await WarmUpAsync(client, scheme);
        using var content = new StreamContent(new Zeros(Size));
        content.Headers.ContentLength = isAnnounced ? Size : null;
        var before = proxy.ForgetPeak();
        using var answer = await client.PostAsync($"{Url(scheme)}/count", content, Stop);
        Assert.Equal(Size.ToString(CultureInfo.InvariantCulture), await answer.Content.ReadAsStringAsync(Stop));
        Assert.InRange(proxy.PeakBytes - before, long.MinValue, GrowthBound);
    }

    private ProxyProcess Of(string scheme)
    {
        secure.Serve = ServeAsync;
        return scheme == "https" ? secure.Proxy : plain.Proxy;
    }

    private string Url(string scheme) => $"{scheme}://{(scheme == "https" ? secure.Authority : plain.Authority)}";

    // Connections, leaves and compiled code are no part of a body.
    private async Task WarmUpAsync(HttpClient client, string scheme)
    {
        using var content = new StreamContent(new Zeros(8 * MegaByte));
        using var answer = await client.PostAsync($"{Url(scheme)}/count", content, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Path == "/count")
        {
            await context.Response.WriteAsync((await ProcessLab.CountAsync(context.Request.Body)).ToString(CultureInfo.InvariantCulture));
            return;
        }

        context.Response.ContentLength = long.Parse(context.Request.Query["bytes"]!, CultureInfo.InvariantCulture);
        await new Zeros(context.Response.ContentLength.Value).CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private sealed class Zeros(long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var here = (int)Math.Min(count, _left);
            _left -= here;
            return here;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
