package io.kurve.metastore.etcd;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A certificate for 127.0.0.1 that signed itself, and its key, as PEM files. */
record Certificate(Path certificate, Path key) {
  private static final String PASSWORD = "for-this-test-only";

  static Certificate create(Path directory, String name) throws Exception {
    Path store = directory.resolve(name + ".p12");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home", ""), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias=" + name,
            "-keyalg=EC",
            "-dname=CN=" + name,
            "-ext=san=ip:127.0.0.1",
            "-ext=bc=ca:true",
            "-storetype=PKCS12",
            "-keystore=" + store,
            "-storepass=" + PASSWORD);
    Process keytool =
        new ProcessBuilder(command.stream().flatMap(Certificate::parts).toList())
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!keytool.waitFor(20, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
      throw new AssertionError("keytool failed: " + said);
    }
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return new Certificate(
        pem(
            directory.resolve(name + ".crt"),
            "CERTIFICATE",
            keys.getCertificate(name).getEncoded()),
        pem(
            directory.resolve(name + ".key"),
            "PRIVATE KEY",
            keys.getKey(name, PASSWORD.toCharArray()).getEncoded()));
  }

  /** keytool wants an option and its value apart. */
  private static Stream<String> parts(String argument) {
    return argument.startsWith("-") ? Arrays.stream(argument.split("=", 2)) : Stream.of(argument);
  }

  private static Path pem(Path file, String type, byte[] content) throws Exception {
    return Files.writeString(
        file,
        "-----BEGIN "
            + type
            + "-----\n"
            + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(content)
            + "\n-----END "
            + type
            + "-----\n");
  }
}
