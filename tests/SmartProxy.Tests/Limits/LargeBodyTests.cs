using System.Globalization;

namespace SmartProxy.Tests.Limits;

/// <summary>Free traffic of any size passes in constant memory. Five gigabytes each way with <c>SMARTPROXY_LONG=1</c>.</summary>
public sealed class LargeBodyTests(ProcessLab lab) : IClassFixture<ProcessLab>
{
    private const long MegaByte = 1024 * 1024;
    private const long MemoryBound = 300 * MegaByte;
    private static readonly long Size = ProcessLab.IsLong ? 5 * 1024 * MegaByte : 128 * MegaByte;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_large_download_passes_in_constant_memory()
    {
        using var client = lab.Proxy.As("me");
        using var answer = await client.GetAsync($"http://{lab.Authority}/large?bytes={Size}", HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(Size, await ProcessLab.CountAsync(await answer.Content.ReadAsStreamAsync(Stop)));
        Assert.InRange(lab.Proxy.MemoryBytes, 0, MemoryBound);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_large_upload_passes_in_constant_memory(bool isAnnounced)
    {
        using var client = lab.Proxy.As("me");
        client.Timeout = Timeout.InfiniteTimeSpan;
        using var content = new StreamContent(new Zeros(Size));
        content.Headers.ContentLength = isAnnounced ? Size : null;
        using var answer = await client.PostAsync($"http://{lab.Authority}/count", content, Stop);
        Assert.Equal(Size.ToString(CultureInfo.InvariantCulture), await answer.Content.ReadAsStringAsync(Stop));
        Assert.InRange(lab.Proxy.MemoryBytes, 0, MemoryBound);
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
