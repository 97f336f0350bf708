namespace Sockeye.Tests;

public sealed class WebSocketReconnectStatusTests
{
    [Theory]
    [InlineData(1, "Waiting for 00:00:05 after 1 failure")]
    [InlineData(2, "Waiting for 00:00:05 after 2 failures")]
    public void A_waiting_status_has_the_number_of_failures(int count, string expected) => Assert.Equal(
        expected, new WebSocketReconnectStatus(WebSocketReconnectState.Waiting, count, TimeSpan.FromSeconds(5)).ToString());
}
