package root;

import java.util.*;
import java.util.function.*;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.settings.*;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.*;
import org.elasticsearch.rest.*;

/** GET / (the stock rest-root module is not on Maven Central). */
public final class RootPlugin extends Plugin implements ActionPlugin, AnalysisPlugin {
  // The .security index names three analysis parts of the stock analysis-common module, which is not to be had either.
  @Override
  public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
    return Map.of(
        "pattern_capture", AnalysisPlugin.requiresAnalysisSettings((is, env, name, st) -> filter(name, in -> new PatternCaptureGroupTokenFilter(in,
            st.getAsBoolean("preserve_original", true), st.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new)))),
        "unique", (is, env, name, st) -> filter(name, RemoveDuplicatesTokenFilter::new),
        "lowercase", (is, env, name, st) -> filter(name, LowerCaseFilter::new));
  }

  @Override
  public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
    return Map.of("uax_url_email", (is, env, name, st) -> TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new));
  }

  private static TokenFilterFactory filter(String name, UnaryOperator<TokenStream> f) {
    return new TokenFilterFactory() {
      @Override public String name() { return name; }
      @Override public TokenStream create(TokenStream in) { return f.apply(in); }
    };
  }

  @Override
  public Collection<RestHandler> getRestHandlers(Settings s, NamedWriteableRegistry w, RestController c, ClusterSettings cs,
      IndexScopedSettings is, SettingsFilter f, IndexNameExpressionResolver r, Supplier<DiscoveryNodes> n, Predicate<NodeFeature> p) {
    return List.of(new BaseRestHandler() {
      @Override public String getName() { return "test_root"; }
      @Override public List<Route> routes() { return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/")); }
      @Override protected RestChannelConsumer prepareRequest(RestRequest req, NodeClient client) {
        return ch -> {
          try (var b = ch.newBuilder()) {
            b.startObject().field("name", client.getLocalNodeId()).field("cluster_name", "test").startObject("version")
                .field("number", Build.current().version()).field("build_flavor", Build.current().flavor()).endObject()
                .field("tagline", "You Know, for Search").endObject();
            ch.sendResponse(new RestResponse(RestStatus.OK, b));
          }
        };
      }
    });
  }
}
