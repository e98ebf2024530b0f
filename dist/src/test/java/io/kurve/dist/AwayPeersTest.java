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
      String core = "com.alipay.sofa.jraft.core.";
      Logger group = context.getLogger(core + "ReplicatorGroupImpl");
      group.error("Fail to check replicator connection to peer={}, remoting exception", "2-x:1");
      group.error("Fail to start replicator to peer={}, remoting exception", "2-x:1");
      Logger replicator = context.getLogger(core + "Replicator");
      replicator.error("Fail to init sending channel to {}, remoting exception", "2-x:1");
      replicator.error("Fail to add timer for replicator {}", "2-x:1");
      Logger node = context.getLogger(core + "NodeImpl");
      node.error("Fail to add a replicator, remoting exception, peer={}.", "2-x:1");
      node.error("Node {} can't do {}", "1-x:1", "step down timer");
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
        .contains("add timer")
        .contains("step down")
        .contains("to the disk");
  }
}
