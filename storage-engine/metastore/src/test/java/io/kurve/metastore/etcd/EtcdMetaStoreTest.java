package io.kurve.metastore.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kurve.core.metadata.HostAndPort;
import io.kurve.core.metastore.Bytes;
import io.kurve.core.metastore.Entry;
import io.kurve.core.metastore.MetaStore;
import io.kurve.core.metastore.MetaStore.Change;
import io.kurve.core.metastore.MetaStore.Leadership;
import io.kurve.core.metastore.MetaStore.MetaStoreUnavailable;
import io.kurve.core.metastore.MetaStore.WatchListener;
import io.kurve.core.metastore.Outcome;
import io.kurve.core.metastore.Transaction;
import io.kurve.core.metastore.Transaction.LeaseId;
import io.kurve.core.metastore.Transaction.Put;
import io.kurve.core.time.SystemRandom;
import io.kurve.metastore.etcd.EtcdAccess.Login;
import io.kurve.metastore.etcd.EtcdAccess.Own;
import io.kurve.metastore.etcd.EtcdAccess.Tls;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a store in another process can do: be away, be stopped, ask who one is. */
@Tag("slow")
final class EtcdMetaStoreTest {
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);

  @TempDir Path directory = Path.of("");
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  @Test
  void callsEndInTimeWhileEtcdIsDeadAndAllGoesOnWhenItIsBack() throws Exception {
    EtcdProcess etcd = etcd("http");
    MetaStore store = store("a/", Optional.empty(), Optional.empty(), etcd.client());
    Heard heard = new Heard();
    open.add(store.watch("w/", 0, heard));
    assertThat(put(store, "w/1", "before")).isInstanceOf(Outcome.Applied.class);

    etcd.kill();
    long begin = System.nanoTime();
    assertThat(put(store, "w/2", "lost")).isInstanceOf(Outcome.Unknown.class);
    assertThatThrownBy(() -> await(store.get("w/1"))).isInstanceOf(MetaStoreUnavailable.class);
    assertThatThrownBy(() -> await(store.grantLease(CALL_TIMEOUT)))
        .isInstanceOf(MetaStoreUnavailable.class);
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isLessThan(CALL_TIMEOUT.multipliedBy(3).plusSeconds(1));

    etcd.startAgain();
    putAtLast(store, "w/3", "after");
    assertThat(heard.next().key()).isEqualTo("w/1");
    assertThat(heard.next().key()).isEqualTo("w/3");
    assertThat(await(store.get("w/1"))).map(Entry::value).contains(Bytes.ofText("before"));
    assertThat(await(store.get("w/2"))).isEmpty();
  }

  @Test
  void callsEndByTheirDeadlineWhileEtcdStandsStill() throws Exception {
    EtcdProcess etcd = etcd("http");
    MetaStore store = store("a/", Optional.empty(), Optional.empty(), etcd.client());
    assertThat(put(store, "a", "1")).isInstanceOf(Outcome.Applied.class);

    etcd.signal("STOP");
    long begin = System.nanoTime();
    assertThat(put(store, "a", "2")).isInstanceOf(Outcome.Unknown.class);
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(CALL_TIMEOUT.minusMillis(100), CALL_TIMEOUT.plusSeconds(2));
    Heard heard = new Heard();
    open.add(store.watch("", 0, heard));
    assertThat(heard.lost.get(10, TimeUnit.SECONDS)).isNotBlank();

    etcd.signal("CONT");
    putAtLast(store, "a", "3");
  }

  @Test
  void anotherMemberIsAskedWhenOneDoesNotAnswer() throws Exception {
    EtcdProcess etcd = etcd("http");
    EtcdProcess dead = etcd("http");
    dead.kill();
    MetaStore store = store("a/", Optional.empty(), Optional.empty(), dead.client(), etcd.client());

    assertThat(put(store, "a", "1")).isInstanceOf(Outcome.Unknown.class);
    assertThat(put(store, "a", "2")).isInstanceOf(Outcome.Applied.class);
  }

  @Test
  void aCandidateWhoseLeaseEndsIsTold() throws Exception {
    MetaStore store = store("a/", Optional.empty(), Optional.empty(), etcd("http").client());
    LeaseId first = await(store.grantLease(Duration.ofMinutes(1)));
    LeaseId second = await(store.grantLease(Duration.ofMinutes(1)));
    LeaseId third = await(store.grantLease(Duration.ofMinutes(1)));
    Leadership _ = await(store.campaign("mds", Bytes.ofText("one"), first));
    CompletionStage<Leadership> two = store.campaign("mds", Bytes.ofText("two"), second);
    CompletionStage<Leadership> three = store.campaign("mds", Bytes.ofText("three"), third);

    await(store.revokeLease(second));
    assertThatThrownBy(() -> await(two)).isInstanceOf(MetaStoreUnavailable.class);
    assertThatThrownBy(() -> await(store.campaign("mds", Bytes.ofText("two"), second)))
        .isInstanceOf(MetaStoreUnavailable.class);

    store.close();
    assertThatThrownBy(() -> await(three)).isInstanceOf(MetaStoreUnavailable.class);
  }

  @Test
  void namespacesDoNotSeeEachOther() throws Exception {
    HostAndPort client = etcd("http").client();
    MetaStore one = store("one/", Optional.empty(), Optional.empty(), client);
    MetaStore two = store("two/", Optional.empty(), Optional.empty(), client);
    assertThat(put(one, "a", "1")).isInstanceOf(Outcome.Applied.class);

    assertThat(await(two.get("a"))).isEmpty();
    assertThat(await(two.scan("", "", 10, 0)).entries()).isEmpty();
    assertThat(await(one.scan("", "", 10, 0)).entries()).hasSize(1);
  }

  @Test
  void bothSidesShowTheirCertificates() throws Exception {
    Certificate server = Certificate.create(directory, "server");
    Certificate client = Certificate.create(directory, "client");
    EtcdProcess etcd =
        etcd(
            "https",
            "--cert-file=" + server.certificate(),
            "--key-file=" + server.key(),
            "--client-cert-auth",
            "--trusted-ca-file=" + client.certificate());
    Own own = new Own(client.certificate(), client.key());
    MetaStore store = store("a/", tls(server, Optional.of(own)), Optional.empty(), etcd.client());
    MetaStore nameless =
        store("a/", tls(server, Optional.empty()), Optional.empty(), etcd.client());
    MetaStore distrustful =
        store("a/", tls(client, Optional.of(own)), Optional.empty(), etcd.client());

    assertThat(put(store, "a", "1")).isInstanceOf(Outcome.Applied.class);
    assertThat(put(nameless, "a", "2")).isInstanceOf(Outcome.Unknown.class);
    assertThat(put(distrustful, "a", "3")).isInstanceOf(Outcome.Unknown.class);
    assertThat(await(store.get("a"))).map(Entry::value).contains(Bytes.ofText("1"));
  }

  @Test
  void aUserLogsInAndLogsInAgainWhenEtcdHasForgotten() throws Exception {
    EtcdProcess etcd = etcd("http");
    createUsers(etcd.client(), "a/", "a0");
    MetaStore store =
        store("a/", Optional.empty(), Optional.of(new Login("kurve", "secret")), etcd.client());
    MetaStore wrong =
        store("a/", Optional.empty(), Optional.of(new Login("kurve", "guess")), etcd.client());
    MetaStore elsewhere =
        store("b/", Optional.empty(), Optional.of(new Login("kurve", "secret")), etcd.client());
    Heard heard = new Heard();
    open.add(store.watch("", 0, heard));

    assertThat(put(store, "a", "1")).isInstanceOf(Outcome.Applied.class);
    assertThatThrownBy(() -> await(wrong.get("a"))).isInstanceOf(MetaStoreUnavailable.class);
    assertThatThrownBy(() -> await(elsewhere.get("a"))).isInstanceOf(MetaStoreUnavailable.class);

    etcd.kill();
    etcd.startAgain();
    putAtLast(store, "a", "2");
    assertThat(heard.next().value()).contains(Bytes.ofText("1"));
    assertThat(heard.next().value()).contains(Bytes.ofText("2"));
  }

  /** Through etcd's own door for JSON. */
  private static void createUsers(HostAndPort etcd, String first, String end) throws Exception {
    String key = Base64.getEncoder().encodeToString(first.getBytes(StandardCharsets.UTF_8));
    String rangeEnd = Base64.getEncoder().encodeToString(end.getBytes(StandardCharsets.UTF_8));
    post(etcd, "user/add", "{\"name\":\"root\",\"password\":\"rootsecret\"}");
    post(etcd, "role/add", "{\"name\":\"root\"}");
    post(etcd, "user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
    post(etcd, "user/add", "{\"name\":\"kurve\",\"password\":\"secret\"}");
    post(etcd, "role/add", "{\"name\":\"kurve\"}");
    post(
        etcd,
        "role/grant",
        "{\"name\":\"kurve\",\"perm\":{\"permType\":\"READWRITE\",\"key\":\""
            + key
            + "\",\"range_end\":\""
            + rangeEnd
            + "\"}}");
    post(etcd, "user/grant", "{\"user\":\"kurve\",\"role\":\"kurve\"}");
    post(etcd, "enable", "{}");
  }

  private static void post(HostAndPort etcd, String what, String json) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(
                      URI.create("http://" + etcd.host() + ":" + etcd.port() + "/v3/auth/" + what))
                  .timeout(Duration.ofSeconds(10))
                  .POST(HttpRequest.BodyPublishers.ofString(json))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as("%s: %s", what, answer.body()).isEqualTo(200);
    }
  }

  private static Optional<Tls> tls(Certificate trusted, Optional<Own> own) {
    return Optional.of(new Tls(trusted.certificate(), own));
  }

  private EtcdProcess etcd(String scheme, String... more) throws Exception {
    EtcdProcess etcd =
        EtcdProcess.start(directory.resolve("etcd-" + open.size()), scheme, List.of(more));
    open.add(etcd);
    return etcd;
  }

  private MetaStore store(
      String namespace, Optional<Tls> tls, Optional<Login> login, HostAndPort... members)
      throws Exception {
    MetaStore store =
        EtcdMetaStore.open(
            new EtcdAccess(List.of(members), namespace, CALL_TIMEOUT, 1000, tls, login),
            new SystemRandom());
    open.add(store);
    return store;
  }

  private static Outcome put(MetaStore store, String key, String value) {
    return await(
        store.commit(new Transaction(List.of(), List.of(new Put(key, Bytes.ofText(value))))));
  }

  /** Until it is applied: calls just after a return may still fail. */
  private static void putAtLast(MetaStore store, String key, String value) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    Outcome last = put(store, key, value);
    while (!(last instanceof Outcome.Applied) && System.nanoTime() < deadline) {
      last = put(store, key, value);
    }
    assertThat(last).isInstanceOf(Outcome.Applied.class);
  }

  private static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static final class Heard implements WatchListener {
    final BlockingQueue<Change> changes = new LinkedBlockingQueue<>();
    final CompletableFuture<String> lost = new CompletableFuture<>();

    @Override
    public void changed(List<Change> heard, long revision) {
      changes.addAll(heard);
    }

    @Override
    public void lost(String why) {
      lost.complete(why);
    }

    Change next() throws InterruptedException {
      Change change = changes.poll(20, TimeUnit.SECONDS);
      if (change == null) {
        throw new AssertionError("heard of no change; lost: " + lost.getNow("no"));
      }
      return change;
    }
  }
}
