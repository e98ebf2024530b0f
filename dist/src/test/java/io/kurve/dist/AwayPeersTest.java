package io.kurve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of jraft's errors is in a playground's logs. */
final class AwayPeersTest {
  @TempDir Path folder = Path.of("");

  @Test
  void onlyThatAPeerIsAwayIsLeftOut() throws Exception {
    Path log = folder.resolve("log");
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    context.putProperty("kurve.log.file", log.toString());
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(
        Objects.requireNonNull(
            Thread.currentThread().getContextClassLoader().getResource("logback-playground.xml")));
    try {
      Logger jraft = context.getLogger("com.alipay.sofa.jraft.rpc.impl.AbstractClientService");
      jraft.error("Fail to connect {}, remoting exception: {}.", "2-x:1", "no connection");
      jraft.error("Fail to run RpcResponseClosure, the request is {}.", "vote");
      context.getLogger("io.kurve.test").error("Fail to connect to the disk");
    } finally {
      context.stop();
    }
    assertThat(Files.readString(log))
        .doesNotContain("remoting exception")
        .contains("RpcResponseClosure")
        .contains("to the disk");
  }
}
