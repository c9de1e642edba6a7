package launch;

import java.nio.file.*;
import java.util.*;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** Starts one Elasticsearch node from a home directory (config/, modules/, data/) with no launcher script. */
public final class StartNode {
  public static void main(String[] args) throws Exception {
    Path home = Paths.get(args[0]).toAbsolutePath();
    LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", System.getProperty("test.loglevel", "WARN")).build());
    Settings.Builder b = Settings.builder().put("path.home", home.toString());
    if (System.getenv("ELASTIC_PASSWORD") != null && Files.exists(home.resolve("modules/x-pack-security"))) {
      KeyStoreWrapper ks = KeyStoreWrapper.create(); // in memory only
      ks.setString("bootstrap.password", System.getenv("ELASTIC_PASSWORD").toCharArray());
      b.setSecureSettings(ks);
    }
    Environment env = InternalSettingsPreparer.prepareEnvironment(
        b.build(), Map.of(), home.resolve("config"), () -> "test");
    PluginsLoader plugins = PluginsLoader.createPluginsLoader(
        PluginsLoader.loadModulesBundles(env.modulesDir()), PluginsLoader.loadPluginsBundles(env.pluginsDir()), Map.of(), false); // false: server is on the class path, not a named module
    Node node = new Node(env, plugins);
    CountDownLatch done = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try { node.close(); } catch (Exception e) { e.printStackTrace(); }
      done.countDown();
    }));
    node.start();
    System.err.println("ES-READY");
    done.await();
  }
}
